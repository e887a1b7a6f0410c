#include "tests/support/raw_grpc_server.h"

#include <cstdint>

#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace lockstep::testing {
namespace {

constexpr size_t kPrefaceBytes = 24, kFrameHeader = 9, kLargestFrame = 16384;
// Types of frames, and their flags.
constexpr char kData = 0, kHeaders = 1, kSettings = 4, kPing = 6, kContinuation = 9;
constexpr char kEndStream = 1, kAck = 1, kEndHeaders = 4;

std::string BigEndian(uint32_t number) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) {
    bytes.push_back(static_cast<char>(number >> shift & 0xff));
  }
  return bytes;
}

std::string Frame(char type, char flags, const std::string& stream, absl::string_view payload) {
  return absl::StrCat(BigEndian(static_cast<uint32_t>(payload.size())).substr(1),
                      std::string({type, flags}), stream, payload);
}

// HPACK: a text of this length without Huffman's code.
std::string HpackText(absl::string_view text) {
  std::string bytes;
  size_t left = text.size();
  if (left < 127) {
    bytes.push_back(static_cast<char>(left));
  } else {
    bytes.push_back(127);
    for (left -= 127; left >= 128; left /= 128) {
      bytes.push_back(static_cast<char>(left % 128 | 128));
    }
    bytes.push_back(static_cast<char>(left));
  }
  return absl::StrCat(bytes, text);
}

// The frames of a block of headers.
std::string Headers(const RawGrpcServer::Fields& fields, char flags, const std::string& stream) {
  std::string block;
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&block, std::string(1, '\0'), HpackText(name), HpackText(value));
  }
  std::string frames;
  for (size_t at = 0; at == 0 || at < block.size(); at += kLargestFrame) {
    const char last = at + kLargestFrame >= block.size() ? kEndHeaders : 0;
    absl::StrAppend(&frames, Frame(at == 0 ? kHeaders : kContinuation,
                                   static_cast<char>(last | (at == 0 ? flags : 0)), stream,
                                   absl::string_view(block).substr(at, kLargestFrame)));
  }
  return frames;
}

std::string FramesOf(const RawGrpcServer::Answer& answer, const std::string& stream) {
  RawGrpcServer::Fields fields = {{":status", "200"}, {"content-type", "application/grpc"}};
  if (!answer.headers.empty() && answer.headers.front().first == ":status") {
    fields.clear();
  }
  fields.insert(fields.end(), answer.headers.begin(), answer.headers.end());
  const char flags = answer.end == RawGrpcServer::End::kData ? kEndStream : 0;
  return absl::StrCat(
      Headers(fields, 0, stream),
      answer.data.empty() && flags == 0 ? "" : Frame(kData, flags, stream, answer.data),
      answer.end == RawGrpcServer::End::kTrailers ? Headers(answer.trailers, kEndStream, stream)
                                                  : "");
}

bool ReadExactly(int connection, size_t bytes, std::string* read) {
  read->resize(bytes);
  return bytes == 0 ||
         recv(connection, read->data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes);
}

bool SendAll(int connection, absl::string_view bytes) {
  return send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace

std::string RawGrpcServer::address() const {
  return absl::StrCat("127.0.0.1:", server_.port());
}

void RawGrpcServer::Say(Answer answer) {
  const MutexLock lock(mutex_);
  answer_ = std::move(answer);
}

std::string RawGrpcServer::Framed(absl::string_view message, char flag) {
  return absl::StrCat(std::string(1, flag), BigEndian(static_cast<uint32_t>(message.size())),
                      message);
}

void RawGrpcServer::Talk(int connection) {
  std::string head, payload;
  if (!ReadExactly(connection, kPrefaceBytes, &head) ||
      !SendAll(connection, Frame(kSettings, 0, BigEndian(0), ""))) {
    return;
  }
  while (ReadExactly(connection, kFrameHeader, &head)) {
    const auto byte = [&head](size_t i) { return static_cast<uint8_t>(head[i]); };
    const size_t size = size_t{byte(0)} << 16 | size_t{byte(1)} << 8 | byte(2);
    if (!ReadExactly(connection, size, &payload)) {
      return;
    }
    const char type = head[3], flags = head[4];
    const std::string stream = head.substr(5);
    std::string reply;
    End end = End::kTrailers;
    if (type == kSettings && (flags & kAck) == 0) {
      reply = Frame(kSettings, kAck, BigEndian(0), "");
    } else if (type == kPing && (flags & kAck) == 0) {
      reply = Frame(kPing, kAck, BigEndian(0), payload);
    } else if ((type == kHeaders || type == kData) && (flags & kEndStream) != 0) {
      const MutexLock lock(mutex_);
      reply = FramesOf(answer_, stream);
      end = answer_.end;
    }
    if (!SendAll(connection, reply)) {
      return;
    }
    if (end == End::kClose) {
      // What the client still sends is read, as it would reset the connection otherwise.
      shutdown(connection, SHUT_WR);
    } else if (end == End::kReset) {
      const linger at_once = {.l_onoff = 1, .l_linger = 0};
      setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      return;
    }
  }
}

}  // namespace lockstep::testing
