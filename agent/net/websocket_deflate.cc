#include "agent/net/websocket_deflate.h"

#include <utility>
#include <vector>

#include <zlib.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/check.h"

namespace lockstep::agent {
namespace {

constexpr int kRawDeflate = -15;  // zlib's sign for no header, and the largest window
constexpr size_t kPiece = 16 << 10;
// What a sync flush ends with; it is not sent (RFC 7692, section 7.2.1).
constexpr absl::string_view kFlushTail("\0\0\xff\xff", 4);

// A compressor takes 256 KiB, and messages that stand for themselves can share one.
class Deflater {
 public:
  Deflater() {
    LOCKSTEP_CHECK(deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kRawDeflate, 8,
                                Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string Deflate(absl::string_view message) {
    deflateReset(&stream_);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
    stream_.avail_in = static_cast<uInt>(message.size());
    std::string out;
    do {
      const size_t used = out.size();
      out.resize(used + kPiece);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + used);
      stream_.avail_out = static_cast<uInt>(kPiece);
      deflate(&stream_, Z_SYNC_FLUSH);
    } while (stream_.avail_out == 0);
    out.erase(out.size() - stream_.avail_out - kFlushTail.size());
    return out;
  }

 private:
  z_stream stream_{};
};

}  // namespace

absl::StatusOr<DeflateTerms> ReadDeflateTerms(absl::string_view header) {
  DeflateTerms terms;
  for (const absl::string_view extension : absl::StrSplit(header, ',', absl::SkipWhitespace())) {
    std::vector<std::string> parts = absl::StrSplit(extension, ';');
    for (std::string& part : parts) {
      part = std::string(absl::StripAsciiWhitespace(part));
    }
    if (parts[0] != "permessage-deflate" || terms.agreed) {
      return absl::InvalidArgumentError(absl::StrCat(
          "websocket: the server agrees to the extension '", parts[0], "', which was not offered"));
    }
    terms.agreed = true;
    for (size_t i = 1; i < parts.size(); ++i) {
      if (parts[i] == "server_no_context_takeover") {
        terms.server_keeps_context = false;
      } else if (parts[i] != "client_no_context_takeover" &&
                 parts[i].rfind("server_max_window_bits", 0) != 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("websocket: the server wants '", parts[i],
                         "' of permessage-deflate, which was not offered"));
      }
    }
  }
  return terms;
}

std::string DeflateMessage(absl::string_view message) {
  thread_local Deflater deflater;
  return deflater.Deflate(message);
}

struct MessageInflater::Stream : z_stream {};

MessageInflater::MessageInflater(bool keep_context)
    : stream_(std::make_unique<Stream>()), keep_context_(keep_context) {
  LOCKSTEP_CHECK(inflateInit2(stream_.get(), kRawDeflate) == Z_OK);
}

MessageInflater::~MessageInflater() {
  inflateEnd(stream_.get());
}

absl::Status MessageInflater::Inflate(std::string& message, size_t max_bytes) {
  if (!keep_context_) {
    inflateReset(stream_.get());
  }
  message.append(kFlushTail.data(), kFlushTail.size());
  stream_->next_in = reinterpret_cast<Bytef*>(message.data());
  stream_->avail_in = static_cast<uInt>(message.size());
  std::string out;
  int result = Z_OK;
  do {
    const size_t used = out.size();
    out.resize(used + kPiece);
    stream_->next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream_->avail_out = static_cast<uInt>(kPiece);
    result = inflate(stream_.get(), Z_SYNC_FLUSH);
    out.erase(out.size() - stream_->avail_out);
    if (out.size() > max_bytes) {
      return absl::ResourceExhaustedError("message too big");
    }
    if (result == Z_STREAM_END) {  // a final block: what follows starts anew
      inflateReset(stream_.get());
      result = Z_OK;
      if (stream_->avail_in <= kFlushTail.size()) {
        break;
      }
    }
  } while (result == Z_OK && (stream_->avail_in > 0 || stream_->avail_out == 0));
  if (result != Z_OK && result != Z_BUF_ERROR) {
    return absl::InvalidArgumentError("message cannot be inflated");
  }
  message = std::move(out);
  return absl::OkStatus();
}

}  // namespace lockstep::agent
