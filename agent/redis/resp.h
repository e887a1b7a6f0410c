// RESP 2, the protocol of Redis: commands as bytes, and bytes as replies. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// A longer reply is an error, which ends the connection.
inline constexpr size_t kMostReplyBytes = size_t{64} << 20;
// Arrays in arrays.
inline constexpr size_t kDeepestReply = 16;

struct RespValue {
  enum class Kind { kNull, kText, kError, kInteger, kArray };
  Kind kind = Kind::kNull;
  std::string text = {};  // of kText and kError
  int64_t integer = 0;
  std::vector<RespValue> elements = {};

  friend bool operator==(const RespValue&, const RespValue&) = default;
};

// Appends the command with its arguments.
void AppendCommand(const std::vector<std::string>& arguments, std::string* bytes);

// Takes bytes as they come, and gives replies as they are complete.
class RespReader {
 public:
  void Feed(absl::string_view bytes) { buffer_.append(bytes.data(), bytes.size()); }
  // The next reply; nothing: more bytes are needed. InvalidArgument: that is not RESP, or a limit
  // was passed; nothing can be read any more.
  absl::StatusOr<std::optional<RespValue>> Next();

 private:
  struct Frame {  // an array whose elements are being read
    RespValue array;
    size_t left = 0;
  };
  // One step: a value, or nothing if it was only a part, or the bytes do not suffice (then `*more`
  // is set).
  absl::StatusOr<std::optional<RespValue>> Step(bool* more);
  absl::StatusOr<std::optional<RespValue>> Line(absl::string_view line);
  void Drop(size_t count);

  std::string buffer_;
  size_t at_ = 0;               // what of the buffer has been read
  size_t scanned_ = 0;          // behind at_: what holds no line end
  size_t used_ = 0;             // bytes of the present reply, so far
  std::optional<size_t> bulk_;  // the size of the text that comes next
  std::vector<Frame> stack_;
};

}  // namespace lockstep::agent
