#include "agent/http/stream_decoder.h"

#include <utility>

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include "absl/strings/str_cat.h"

#include "agent/http/compress.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

constexpr size_t kPieceRoom = size_t{16} << 10;
constexpr int kGzipOrZlibWindow = 15 + 32;  // zlib looks at the header which of both it is
constexpr int kBareWindow = -15;

absl::Status NotOfCoding(Coding coding) {
  return absl::InvalidArgumentError(absl::StrCat(CodingName(coding), ": invalid data"));
}

// Appends what a decoder writes into room for kPieceRoom bytes; `step` says how many those are, or
// what is wrong, and goes on until it has written less.
template <typename Step>
absl::Status Drain(std::string* out, Step step) {
  for (;;) {
    const size_t used = out->size();
    if (used > StreamDecoder::kMostPieceBytes) {
      return absl::ResourceExhaustedError(absl::StrCat("a piece of the body becomes longer than ",
                                                       StreamDecoder::kMostPieceBytes, " bytes"));
    }
    out->resize(used + kPieceRoom);
    const absl::StatusOr<size_t> written = step(reinterpret_cast<uint8_t*>(out->data()) + used);
    out->resize(used + (written.ok() ? *written : 0));
    LOCKSTEP_RETURN_IF_ERROR(written.status());
    if (*written < kPieceRoom) {
      return absl::OkStatus();
    }
  }
}

// gzip and deflate; the latter also without zlib's header, which some servers leave out.
class ZlibStage final : public StreamDecoder::Stage {
 public:
  explicit ZlibStage(Coding coding) : coding_(coding) {
    LOCKSTEP_CHECK(inflateInit2(&stream_, kGzipOrZlibWindow) == Z_OK);
  }
  ~ZlibStage() override { inflateEnd(&stream_); }

  absl::Status Feed(absl::string_view bytes, std::string* out) override {
    if (bytes.empty()) {
      return absl::OkStatus();
    }
    if (coding_ == Coding::kDeflate && !std::exchange(begun_, true) && (bytes[0] & 0x0F) != 8) {
      LOCKSTEP_CHECK(inflateReset2(&stream_, kBareWindow) == Z_OK);
    }
    stream_.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    return Drain(out, [this](uint8_t* room) { return Inflate(room); });
  }
  bool complete() const override { return complete_; }

 private:
  absl::StatusOr<size_t> Inflate(uint8_t* room) {
    stream_.next_out = room;
    stream_.avail_out = kPieceRoom;
    do {
      if (complete_) {  // a gzip file may consist of several members
        if (stream_.avail_in == 0) {
          break;
        }
        if (coding_ != Coding::kGzip || inflateReset(&stream_) != Z_OK) {
          return NotOfCoding(coding_);
        }
      }
      const int result = inflate(&stream_, Z_NO_FLUSH);
      complete_ = result == Z_STREAM_END;
      if (!complete_ && result != Z_OK && result != Z_BUF_ERROR) {
        return NotOfCoding(coding_);
      }
    } while (stream_.avail_in > 0 && stream_.avail_out > 0);
    return kPieceRoom - stream_.avail_out;
  }

  const Coding coding_;
  z_stream stream_{};
  bool begun_ = false;
  bool complete_ = false;
};

class BrotliStage final : public StreamDecoder::Stage {
 public:
  absl::Status Feed(absl::string_view bytes, std::string* out) override {
    const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
    size_t left = bytes.size();
    return Drain(out, [&](uint8_t* room) -> absl::StatusOr<size_t> {
      size_t free = kPieceRoom;
      const BrotliDecoderResult result =
          BrotliDecoderDecompressStream(state_.get(), &left, &in, &free, &room, nullptr);
      if (result == BROTLI_DECODER_RESULT_ERROR ||
          (result == BROTLI_DECODER_RESULT_SUCCESS && left > 0)) {
        return NotOfCoding(Coding::kBrotli);
      }
      return kPieceRoom - free;
    });
  }
  bool complete() const override { return BrotliDecoderIsFinished(state_.get()) == BROTLI_TRUE; }

 private:
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state_{
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance};
};

class ZstdStage final : public StreamDecoder::Stage {
 public:
  absl::Status Feed(absl::string_view bytes, std::string* out) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    return Drain(out, [&](uint8_t* room) -> absl::StatusOr<size_t> {
      ZSTD_outBuffer piece{room, kPieceRoom, 0};
      do {
        const size_t result = ZSTD_decompressStream(context_.get(), &piece, &in);
        if (ZSTD_isError(result) != 0) {
          return NotOfCoding(Coding::kZstd);
        }
        complete_ = result == 0;
      } while (in.pos < in.size && piece.pos < piece.size);
      return piece.pos;
    });
  }
  bool complete() const override { return complete_; }

 private:
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context_{ZSTD_createDCtx(),
                                                                    ZSTD_freeDCtx};
  bool complete_ = false;
};

std::unique_ptr<StreamDecoder::Stage> StageFor(Coding coding) {
  switch (coding) {
    case Coding::kBrotli:
      return std::make_unique<BrotliStage>();
    case Coding::kZstd:
      return std::make_unique<ZstdStage>();
    case Coding::kGzip:
    case Coding::kDeflate:
      break;
  }
  return std::make_unique<ZlibStage>(coding);
}

}  // namespace

StreamDecoder::StreamDecoder(absl::string_view content_encoding) {
  for (const Coding coding : ContentCodings(content_encoding).value_or(std::vector<Coding>())) {
    stages_.insert(stages_.begin(), StageFor(coding));
  }
}

StreamDecoder::~StreamDecoder() = default;

absl::StatusOr<std::string> StreamDecoder::Feed(absl::string_view bytes) {
  fed_ = fed_ || !bytes.empty();
  std::string data(bytes);
  for (const std::unique_ptr<Stage>& stage : stages_) {
    std::string out;
    LOCKSTEP_RETURN_IF_ERROR(stage->Feed(data, &out));
    data = std::move(out);
  }
  return data;
}

absl::Status StreamDecoder::Finish() const {
  for (const std::unique_ptr<Stage>& stage : stages_) {
    if (fed_ && !stage->complete()) {
      return absl::InvalidArgumentError("unexpected EOF");
    }
  }
  return absl::OkStatus();
}

}  // namespace lockstep::agent
