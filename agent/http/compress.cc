#include "agent/http/compress.h"

#include <memory>
#include <optional>

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

constexpr size_t kChunk = size_t{64} << 10;
constexpr int kGzipWindow = 15 + 16;     // zlib's way to ask for the gzip format
constexpr size_t kGzipHeaderBytes = 10;  // at least
constexpr int kZlibWindow = 15;
constexpr int kRawWindow = -15;
constexpr int kBrotliQuality = 5;  // of 0..11; 11 would cost more CPU than the request

const uint8_t* Bytes(absl::string_view data) {
  return reinterpret_cast<const uint8_t*>(data.data());
}
uint8_t* Bytes(std::string& data) {
  return reinterpret_cast<uint8_t*>(data.data());
}

// In the words that Go's packages have for what a user can do something about.
absl::Status Truncated() {
  return absl::InvalidArgumentError("unexpected EOF");
}

absl::Status Malformed(Coding coding, absl::string_view what = "invalid data") {
  return absl::InvalidArgumentError(absl::StrCat(CodingName(coding), ": ", what));
}

absl::Status MalformedZlib(Coding coding, const z_stream& stream) {
  const absl::string_view why = stream.msg == nullptr ? "" : stream.msg;
  return Malformed(coding, why == "incorrect header check" ? "invalid header"
                           : why == "incorrect data check" ? "invalid checksum"
                                                           : "invalid data");
}

absl::Status TooLong(int64_t max_bytes) {
  return absl::ResourceExhaustedError(
      absl::StrCat("decoded body is longer than ", max_bytes, " bytes"));
}

// Collects a decoder's output piece by piece, up to a limit.
class Output {
 public:
  explicit Output(int64_t max_bytes) : max_bytes_(static_cast<size_t>(max_bytes)) {}
  // Room for the next piece.
  uint8_t* next() {
    if (text_.size() < used_ + kChunk) {
      text_.resize(used_ + kChunk);
    }
    return Bytes(text_) + used_;
  }
  static constexpr size_t room() { return kChunk; }
  void Used(size_t bytes) { used_ += bytes; }
  bool too_long() const { return used_ > max_bytes_; }
  std::string Take() {
    text_.resize(used_);
    return std::move(text_);
  }

 private:
  const size_t max_bytes_;
  std::string text_;
  size_t used_ = 0;
};

std::string Deflate(absl::string_view data, int window) {
  z_stream stream{};
  LOCKSTEP_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, 8,
                              Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = const_cast<uint8_t*>(Bytes(data));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = Bytes(out);
  stream.avail_out = static_cast<uInt>(out.size());
  LOCKSTEP_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

absl::StatusOr<std::string> Inflate(Coding coding, absl::string_view data, int window,
                                    int64_t max_bytes) {
  if (window == kGzipWindow && data.size() < kGzipHeaderBytes) {
    return Truncated();
  }
  z_stream stream{};
  LOCKSTEP_CHECK(inflateInit2(&stream, window) == Z_OK);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_in = const_cast<uint8_t*>(Bytes(data));
  stream.avail_in = static_cast<uInt>(data.size());
  Output out(max_bytes);
  for (;;) {
    stream.next_out = out.next();
    stream.avail_out = static_cast<uInt>(Output::room());
    const int result = inflate(&stream, Z_NO_FLUSH);
    out.Used(Output::room() - stream.avail_out);
    if (out.too_long()) {
      return TooLong(max_bytes);
    }
    if (result == Z_STREAM_END) {
      // A gzip file may consist of several members.
      if (stream.avail_in == 0 || window != kGzipWindow || inflateReset(&stream) != Z_OK) {
        return out.Take();
      }
      continue;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
      return MalformedZlib(coding, stream);
    }
    if (stream.avail_in == 0 && stream.avail_out > 0) {
      return Truncated();
    }
  }
}

absl::StatusOr<std::string> DecodeBrotli(absl::string_view data, int64_t max_bytes) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  const uint8_t* in = Bytes(data);
  size_t in_left = data.size();
  Output out(max_bytes);
  for (;;) {
    uint8_t* next = out.next();
    size_t room = Output::room();
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state.get(), &in_left, &in, &room, &next, nullptr);
    out.Used(Output::room() - room);
    if (out.too_long()) {
      return TooLong(max_bytes);
    }
    if (result == BROTLI_DECODER_RESULT_SUCCESS) {
      return out.Take();
    }
    if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) {
      return Truncated();
    }
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
      return Malformed(Coding::kBrotli);
    }
  }
}

absl::StatusOr<std::string> DecodeZstd(absl::string_view data, int64_t max_bytes) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                   ZSTD_freeDCtx);
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  Output out(max_bytes);
  size_t result = 1;
  for (;;) {
    ZSTD_outBuffer piece{out.next(), Output::room(), 0};
    result = ZSTD_decompressStream(context.get(), &piece, &in);
    out.Used(piece.pos);
    if (ZSTD_isError(result) != 0) {
      return Malformed(Coding::kZstd);
    }
    if (out.too_long()) {
      return TooLong(max_bytes);
    }
    if (in.pos == in.size && piece.pos < piece.size) {
      break;
    }
  }
  if (result != 0) {
    return Truncated();
  }
  return out.Take();
}

std::optional<Coding> CodingFromName(absl::string_view name) {
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd}) {
    if (absl::EqualsIgnoreCase(name, CodingName(coding))) {
      return coding;
    }
  }
  return absl::EqualsIgnoreCase(name, "x-gzip") ? std::optional(Coding::kGzip) : std::nullopt;
}

}  // namespace

const char* CodingName(Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return "gzip";
    case Coding::kDeflate:
      return "deflate";
    case Coding::kBrotli:
      return "br";
    case Coding::kZstd:
      return "zstd";
  }
  return "";
}

absl::StatusOr<std::vector<Coding>> ParseCodings(absl::string_view list) {
  std::vector<Coding> codings;
  for (const absl::string_view part : absl::StrSplit(list, ',')) {
    const absl::string_view name = absl::StripAsciiWhitespace(part);
    const std::optional<Coding> coding = CodingFromName(name);
    if (!coding) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown compression algorithm ", name,
                       ", supported algorithms are [gzip deflate zstd br]"));
    }
    codings.push_back(*coding);
  }
  return codings;
}

std::string Compress(Coding coding, absl::string_view data) {
  switch (coding) {
    case Coding::kGzip:
      return Deflate(data, kGzipWindow);
    case Coding::kDeflate:
      return Deflate(data, kZlibWindow);
    case Coding::kBrotli: {
      size_t size = BrotliEncoderMaxCompressedSize(data.size());
      std::string out(size, '\0');
      LOCKSTEP_CHECK(BrotliEncoderCompress(kBrotliQuality, BROTLI_DEFAULT_WINDOW,
                                           BROTLI_MODE_GENERIC, data.size(), Bytes(data), &size,
                                           Bytes(out)) == BROTLI_TRUE);
      out.resize(size);
      return out;
    }
    case Coding::kZstd: {
      std::string out(ZSTD_compressBound(data.size()), '\0');
      const size_t size =
          ZSTD_compress(out.data(), out.size(), data.data(), data.size(), ZSTD_CLEVEL_DEFAULT);
      LOCKSTEP_CHECK(ZSTD_isError(size) == 0);
      out.resize(size);
      return out;
    }
  }
  return "";
}

absl::StatusOr<std::string> Decompress(Coding coding, absl::string_view data, int64_t max_bytes) {
  switch (coding) {
    case Coding::kGzip:
      return Inflate(coding, data, kGzipWindow, max_bytes);
    case Coding::kDeflate: {
      absl::StatusOr<std::string> out = Inflate(coding, data, kZlibWindow, max_bytes);
      if (absl::IsInvalidArgument(out.status())) {
        absl::StatusOr<std::string> raw = Inflate(coding, data, kRawWindow, max_bytes);
        return absl::IsInvalidArgument(raw.status()) ? out : raw;
      }
      return out;
    }
    case Coding::kBrotli:
      return DecodeBrotli(data, max_bytes);
    case Coding::kZstd:
      return DecodeZstd(data, max_bytes);
  }
  return absl::InternalError("no such coding");
}

std::optional<std::vector<Coding>> ContentCodings(absl::string_view content_encoding) {
  std::vector<Coding> codings;
  for (const absl::string_view part :
       absl::StrSplit(content_encoding, ',', absl::SkipWhitespace())) {
    const absl::string_view name = absl::StripAsciiWhitespace(part);
    if (absl::EqualsIgnoreCase(name, "identity")) {
      continue;
    }
    const std::optional<Coding> coding = CodingFromName(name);
    if (!coding) {
      return std::nullopt;
    }
    codings.push_back(*coding);
  }
  return codings;
}

absl::StatusOr<std::string> DecodeContent(absl::string_view content_encoding, std::string data,
                                          int64_t max_bytes) {
  const std::vector<Coding> codings =
      ContentCodings(content_encoding).value_or(std::vector<Coding>());
  for (size_t i = codings.size(); i-- > 0;) {
    LOCKSTEP_ASSIGN_OR_RETURN(data, Decompress(codings[i], data, max_bytes));
  }
  return data;
}

}  // namespace lockstep::agent
