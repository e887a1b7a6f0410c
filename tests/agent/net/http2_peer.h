// A server of HTTP/2 whose every frame the test decides, and which takes the client's apart. It
// never blocks, and says nothing by itself but its SETTINGS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "absl/strings/string_view.h"

#include "agent/http/message.h"
#include "common/base/openssl_free.h"
#include "tests/agent/net/raw_peer.h"

namespace lockstep::agent {

class Http2Peer {
 public:
  struct Frame {
    int type = 0;  // nghttp2_frame_type
    int flags = 0;
    int32_t stream = 0;
    std::string payload;
    HeaderList fields = {};  // of HEADERS
  };
  // Sends its SETTINGS at once: `settings`, and an acknowledgement of the client's.
  explicit Http2Peer(std::unique_ptr<RawPeer> peer,
                     const std::vector<std::pair<uint16_t, uint32_t>>& settings = {});

  // All that have come so far.
  const std::vector<Frame>& Frames();
  // The payloads of one type that have come on a stream, in order.
  std::vector<Frame> FramesOf(int type, int32_t stream);
  bool Has(int type, int32_t stream) { return !FramesOf(type, stream).empty(); }
  // The request on `stream` is complete.
  bool Asked(int32_t stream);
  // Its body, as far as it has come.
  std::string BodyOf(int32_t stream);
  // The client has closed the connection.
  bool Ended() { return peer_->Ended(); }

  void Send(int type, int flags, int32_t stream, absl::string_view payload);
  // A head in as many frames as it needs; with `last`, nothing follows it.
  void SendHead(int32_t stream, const HeaderList& fields, bool last = false);
  void SendData(int32_t stream, absl::string_view data, bool last);
  void Answer(int32_t stream, absl::string_view status, absl::string_view body);
  void Reset(int32_t stream, uint32_t code);
  void GoAway(int32_t last_stream, uint32_t code);
  void OpenWindow(int32_t stream, uint32_t bytes);
  // Not a frame.
  void Write(absl::string_view bytes) { peer_->Write(bytes); }

 private:
  void Parse();
  HeaderList Inflate(absl::string_view block);

  std::unique_ptr<RawPeer> peer_;
  std::unique_ptr<nghttp2_hd_inflater, openssl::Free<&nghttp2_hd_inflate_del>> inflater_;
  size_t parsed_ = 0;
  std::vector<Frame> frames_;
};

}  // namespace lockstep::agent
