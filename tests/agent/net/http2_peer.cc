#include "tests/agent/net/http2_peer.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kMostInFrame = 16384;

std::string Number(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) {
    text.push_back(static_cast<char>(value >> (8 * i)));
  }
  return text;
}

uint32_t NumberIn(absl::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) {
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

// RFC 7541, section 5.1 and 5.2: a text that is not compressed, with its length in 7 bits and more.
std::string Literal(absl::string_view text) {
  std::string bytes;
  size_t length = text.size();
  if (length < 127) {
    bytes.push_back(static_cast<char>(length));
  } else {
    bytes.push_back(127);
    for (length -= 127; length >= 128; length /= 128) {
      bytes.push_back(static_cast<char>(length % 128 + 128));
    }
    bytes.push_back(static_cast<char>(length));
  }
  return absl::StrCat(bytes, text);
}

}  // namespace

Http2Peer::Http2Peer(std::unique_ptr<RawPeer> peer,
                     const std::vector<std::pair<uint16_t, uint32_t>>& settings)
    : peer_(std::move(peer)) {
  nghttp2_hd_inflater* made = nullptr;
  EXPECT_EQ(nghttp2_hd_inflate_new(&made), 0);
  inflater_.reset(made);
  std::string payload;
  for (const auto& [id, value] : settings) {
    absl::StrAppend(&payload, Number(id, 2), Number(value, 4));
  }
  Send(NGHTTP2_SETTINGS, 0, 0, payload);
  Send(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "");
}

const std::vector<Http2Peer::Frame>& Http2Peer::Frames() {
  Parse();
  return frames_;
}

void Http2Peer::Parse() {
  const std::string& bytes = peer_->Read();
  if (parsed_ == 0 && bytes.size() >= kPreface.size()) {
    EXPECT_TRUE(absl::StartsWith(bytes, kPreface));
    parsed_ = kPreface.size();
  }
  while (parsed_ > 0 && bytes.size() >= parsed_ + 9) {
    const absl::string_view head = absl::string_view(bytes).substr(parsed_, 9);
    const size_t length = NumberIn(head.substr(0, 3));
    if (bytes.size() < parsed_ + 9 + length) {
      return;
    }
    Frame frame{head[3], head[4], static_cast<int32_t>(NumberIn(head.substr(5)) & 0x7fffffff),
                bytes.substr(parsed_ + 9, length)};
    parsed_ += 9 + length;
    if (frame.type == NGHTTP2_HEADERS) {
      EXPECT_EQ(frame.flags & ~NGHTTP2_FLAG_END_STREAM, NGHTTP2_FLAG_END_HEADERS);
      frame.fields = Inflate(frame.payload);
    }
    frames_.push_back(std::move(frame));
  }
}

HeaderList Http2Peer::Inflate(absl::string_view block) {
  HeaderList fields;
  const auto* at = reinterpret_cast<const uint8_t*>(block.data());
  const uint8_t* const end = at + block.size();
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t read = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, at,
                                                static_cast<size_t>(end - at), 1);
    EXPECT_GE(read, 0);
    at += std::max<ssize_t>(read, 0);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      fields.emplace_back(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                          std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
    }
    if (read < 0 || (flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater_.get());
      return fields;
    }
  }
}

std::vector<Http2Peer::Frame> Http2Peer::FramesOf(int type, int32_t stream) {
  std::vector<Frame> found;
  std::copy_if(Frames().begin(), Frames().end(), std::back_inserter(found),
               [&](const Frame& each) { return each.type == type && each.stream == stream; });
  return found;
}

bool Http2Peer::Asked(int32_t stream) {
  const std::vector<Frame>& all = Frames();
  return std::any_of(all.begin(), all.end(), [stream](const Frame& each) {
    return each.stream == stream && (each.type == NGHTTP2_HEADERS || each.type == NGHTTP2_DATA) &&
           (each.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  });
}

std::string Http2Peer::BodyOf(int32_t stream) {
  std::string body;
  for (const Frame& frame : FramesOf(NGHTTP2_DATA, stream)) {
    body += frame.payload;
  }
  return body;
}

void Http2Peer::Send(int type, int flags, int32_t stream, absl::string_view payload) {
  peer_->Write(absl::StrCat(Number(payload.size(), 3), Number(static_cast<uint64_t>(type), 1),
                            Number(static_cast<uint64_t>(flags), 1),
                            Number(static_cast<uint64_t>(stream), 4), payload));
}

void Http2Peer::SendHead(int32_t stream, const HeaderList& fields, bool last) {
  std::string block;
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&block, absl::string_view("\0", 1), Literal(name), Literal(value));
  }
  int type = NGHTTP2_HEADERS;
  int flags = last ? NGHTTP2_FLAG_END_STREAM : 0;
  for (absl::string_view left = block; !left.empty(); type = NGHTTP2_CONTINUATION, flags = 0) {
    const absl::string_view piece = left.substr(0, kMostInFrame);
    left.remove_prefix(piece.size());
    Send(type, flags | (left.empty() ? NGHTTP2_FLAG_END_HEADERS : 0), stream, piece);
  }
}

void Http2Peer::SendData(int32_t stream, absl::string_view data, bool last) {
  Send(NGHTTP2_DATA, last ? NGHTTP2_FLAG_END_STREAM : 0, stream, data);
}

void Http2Peer::Answer(int32_t stream, absl::string_view status, absl::string_view body) {
  SendHead(stream, {{":status", std::string(status)}}, body.empty());
  if (!body.empty()) {
    SendData(stream, body, /*last=*/true);
  }
}

void Http2Peer::Reset(int32_t stream, uint32_t code) {
  Send(NGHTTP2_RST_STREAM, 0, stream, Number(code, 4));
}

void Http2Peer::GoAway(int32_t last_stream, uint32_t code) {
  Send(NGHTTP2_GOAWAY, 0, 0,
       absl::StrCat(Number(static_cast<uint64_t>(last_stream), 4), Number(code, 4)));
}

void Http2Peer::OpenWindow(int32_t stream, uint32_t bytes) {
  Send(NGHTTP2_WINDOW_UPDATE, 0, stream, Number(bytes, 4));
}

}  // namespace lockstep::agent
