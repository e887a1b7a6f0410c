// Undoes content codings of a body while it comes. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

class StreamDecoder {
 public:
  // Of a Content-Encoding header. With a name that we do not know, or "", bytes stay as they are,
  // as with DecodeContent.
  explicit StreamDecoder(absl::string_view content_encoding);
  ~StreamDecoder();
  StreamDecoder(const StreamDecoder&) = delete;
  StreamDecoder& operator=(const StreamDecoder&) = delete;

  // All that can be told from the bytes so far. InvalidArgument: they are not of that coding;
  // ResourceExhausted: this piece would become longer than kMostPieceBytes.
  absl::StatusOr<std::string> Feed(absl::string_view bytes);
  // After the last byte. InvalidArgument: something is missing.
  absl::Status Finish() const;

  static constexpr size_t kMostPieceBytes = size_t{64} << 20;

  // One coding.
  class Stage {
   public:
    virtual ~Stage() = default;
    virtual absl::Status Feed(absl::string_view bytes, std::string* out) = 0;
    virtual bool complete() const = 0;
  };

 private:
  std::vector<std::unique_ptr<Stage>> stages_;  // in the order in which they are undone
  bool fed_ = false;
};

}  // namespace lockstep::agent
