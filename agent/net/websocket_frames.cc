#include "agent/net/websocket_frames.h"

#include <utility>

#include <zlib.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/check.h"

namespace lockstep::agent {
namespace {

constexpr int kProtocolError = 1002;
constexpr int kInvalidData = 1007;
constexpr int kTooBig = 1009;

constexpr int kRawDeflate = -15;  // zlib's sign for no header, and the largest window
// What a sync flush ends with; it is not sent (RFC 7692, section 7.2.1).
constexpr absl::string_view kFlushTail("\0\0\xff\xff", 4);

}  // namespace

// The inflating side of one connection.
class MessageInflater {
 public:
  explicit MessageInflater(bool keep_context) : keep_context_(keep_context) {
    LOCKSTEP_CHECK(inflateInit2(&stream_, kRawDeflate) == Z_OK);
  }
  ~MessageInflater() { inflateEnd(&stream_); }
  MessageInflater(const MessageInflater&) = delete;
  MessageInflater& operator=(const MessageInflater&) = delete;

  // Replaces a message's payload by the message. Returns 0 or the close code.
  int Inflate(std::string& message, size_t max_bytes) {
    if (!keep_context_) {
      inflateReset(&stream_);
    }
    message.append(kFlushTail.data(), kFlushTail.size());
    stream_.next_in = reinterpret_cast<Bytef*>(message.data());
    stream_.avail_in = static_cast<uInt>(message.size());
    std::string out;
    int result = Z_OK;
    do {
      const size_t used = out.size();
      out.resize(used + kPiece);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + used);
      stream_.avail_out = static_cast<uInt>(kPiece);
      result = inflate(&stream_, Z_SYNC_FLUSH);
      out.resize(out.size() - stream_.avail_out);
      if (out.size() > max_bytes) {
        return kTooBig;
      }
      if (result == Z_STREAM_END) {  // a final block: what follows starts anew
        inflateReset(&stream_);
        result = Z_OK;
        if (stream_.avail_in <= kFlushTail.size()) {
          break;
        }
      }
    } while (result == Z_OK && (stream_.avail_in > 0 || stream_.avail_out == 0));
    if (result != Z_OK && result != Z_BUF_ERROR) {
      return kInvalidData;
    }
    message = std::move(out);
    return 0;
  }

 private:
  static constexpr size_t kPiece = 16 << 10;

  z_stream stream_{};
  const bool keep_context_;
};

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

WebSocketReader::WebSocketReader(int64_t max_message_bytes)
    : max_message_bytes_(max_message_bytes) {}
WebSocketReader::~WebSocketReader() = default;

void WebSocketReader::Inflate(const DeflateTerms& terms) {
  inflater_ = std::make_unique<MessageInflater>(terms.server_keeps_context);
}

int WebSocketReader::Feed(absl::string_view bytes, std::vector<WebSocketMessage>& out) {
  const bool had_pending = !pending_.empty();
  if (had_pending) {
    absl::StrAppend(&pending_, bytes);
    bytes = pending_;
  }
  bool complete = true;
  while (complete) {
    const int code = TakeFrame(bytes, out, complete);
    if (code != 0) {
      return code;
    }
  }
  if (!had_pending) {
    pending_.assign(bytes.data(), bytes.size());
  } else {
    pending_.erase(0, pending_.size() - bytes.size());
  }
  return 0;
}

int WebSocketReader::TakeFrame(absl::string_view& bytes, std::vector<WebSocketMessage>& out,
                               bool& complete) {
  complete = false;
  const auto at = [&bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  if (bytes.size() < 2) {
    return 0;
  }
  const auto opcode = static_cast<WebSocketOpcode>(at(0) & 15);
  const bool last = (at(0) & 0x80) != 0;
  const int short_length = at(1) & 127;
  const bool control = (at(0) & 8) != 0;
  const bool known = (at(0) & 7) <= 2;
  const bool compressed = (at(0) & 0x40) != 0;  // on the first frame of a message only
  const bool reserved =
      (at(0) & 0x30) != 0 ||
      (compressed && (inflater_ == nullptr || control || opcode == WebSocketOpcode::kContinuation));
  const bool masked = (at(1) & 0x80) != 0;  // a server's frames are not
  if (reserved || masked || !known || (control && (!last || short_length > 125))) {
    return kProtocolError;
  }
  const size_t length_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  if (bytes.size() < 2 + length_bytes) {
    return 0;
  }
  uint64_t size = length_bytes == 0 ? static_cast<uint64_t>(short_length) : 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    size = size << 8 | at(2 + i);
  }
  if (size > static_cast<uint64_t>(max_message_bytes_) - fragments_.size()) {
    return kTooBig;
  }
  if (bytes.size() - 2 - length_bytes < size) {
    return 0;
  }
  const absl::string_view payload = bytes.substr(2 + length_bytes, size);
  bytes.remove_prefix(2 + length_bytes + size);
  complete = true;
  if (control) {
    out.push_back({opcode, std::string(payload)});
    return 0;
  }
  const bool continues = opcode == WebSocketOpcode::kContinuation;
  if (continues == (fragmented_ == WebSocketOpcode::kContinuation)) {
    return kProtocolError;  // a continuation of nothing, or a new message inside another
  }
  if (!continues) {
    fragmented_ = opcode;
    compressed_ = compressed;
  }
  absl::StrAppend(&fragments_, payload);
  if (last) {
    if (compressed_) {
      const int code = inflater_->Inflate(fragments_, static_cast<size_t>(max_message_bytes_));
      if (code != 0) {
        return code;
      }
    }
    out.push_back({std::exchange(fragmented_, WebSocketOpcode::kContinuation),
                   std::exchange(fragments_, {})});
  }
  return 0;
}

}  // namespace lockstep::agent
