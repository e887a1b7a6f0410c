// One WebSocket connection (RFC 6455, HTTP/1.1 only) on a worker's loop; MultiLoop::OpenWebSocket
// makes it. Events are delivered between curl's work, never from inside it, so a listener may send,
// close or destroy the WebSocket from any of them. All calls on the loop's thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "agent/http/message.h"

namespace lockstep::agent {

struct WebSocketRequest {
  Url url = {};  // ws, wss, http or https
  HeaderList headers = {};
  std::vector<std::string> subprotocols = {};
  absl::Duration handshake_timeout = absl::Seconds(60);
  // Offer permessage-deflate; the server may decline. If it agrees, messages of text and bytes are
  // compressed both ways.
  bool deflate = false;
  int64_t max_message_bytes = int64_t{256} << 20;  // a longer message ends the connection with 1009
};

inline constexpr int64_t kMaxRefusalBytes = 64 << 10;

class WebSocketListener {
 public:
  virtual ~WebSocketListener() = default;
  // The server agreed; `response` is its 101 answer with headers, timings and addresses.
  virtual void OnOpen(HttpResponse response) = 0;
  virtual void OnText(std::string message) = 0;
  virtual void OnBinary(std::string message) = 0;
  // The pong has been queued already.
  virtual void OnPing(std::string payload) = 0;
  virtual void OnPong(std::string payload) = 0;
  // More of the messages have left: see WebSocket::messages_sent().
  virtual void OnSent() {}
  // The connection is over, with the code of the peer's close frame (echoed) or of ours (answered),
  // or 1006 and what happened if it broke. The last event.
  virtual void OnClose(int code, std::string reason) = 0;
  // The handshake failed; the last event. After a refusal (status other than 101) `response` holds
  // the answer, of whose body at most kMaxRefusalBytes are kept, and its error is 1000 "websocket:
  // bad handshake"; without an answer, or with one that does not answer our request, status is 0
  // and the error says why.
  virtual void OnRefused(HttpResponse response) = 0;
};

class WebSocket {
 public:
  // Closes the connection at once, without a closing handshake, and ends the events.
  virtual ~WebSocket() = default;

  // Each queues one message; false once closing began or before OnOpen. Never blocks.
  virtual bool SendText(absl::string_view message) = 0;
  virtual bool SendBinary(absl::string_view message) = 0;
  virtual bool SendPing(absl::string_view payload) = 0;  // at most 125 bytes are sent
  virtual bool SendPong(absl::string_view payload) = 0;
  // Starts the closing handshake after what is queued; OnClose follows when the peer answers or
  // after a few seconds.
  virtual void Close(int code, absl::string_view reason) = 0;
  // The same without waiting for the peer's answer: OnClose follows once our side of it has left.
  virtual void CloseAtOnce(int code) = 0;

  // Whether more is read of what the server sends, as it is at first. Otherwise the server has to
  // wait, and its end shows later; what has been read already is delivered all the same.
  virtual void SetReading(bool on) = 0;

  // Of the messages that have not been handed to the kernel as a whole. The caller sees to it that
  // they are not too many (agent/http/unsent.h).
  virtual int64_t buffered_bytes() const = 0;
  // Of text and bytes, handed to the kernel as a whole; and whether our closing frame has been.
  virtual int64_t messages_sent() const = 0;
  virtual bool close_sent() const = 0;
  // What the peer chose among the request's; "" for none.
  virtual const std::string& subprotocol() const = 0;
  // On the wire above TCP, handshake included, so far.
  virtual int64_t bytes_sent() const = 0;
  virtual int64_t bytes_received() const = 0;
};

}  // namespace lockstep::agent
