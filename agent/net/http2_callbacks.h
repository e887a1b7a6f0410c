// What nghttp2 calls while it reads and writes an Http2Session's frames. Only what was said is
// noted here; what follows from it happens when nghttp2 is left, as no session may be used or
// destroyed from within its own call.
#pragma once

#include <nghttp2/nghttp2.h>

#include "agent/net/http2_session.h"

namespace lockstep::agent {

struct Http2Session::Callbacks {
  // The same for all sessions, made with the first call.
  static const nghttp2_session_callbacks* All();
  static const nghttp2_option* Options();
  // The body of a stream's request.
  static nghttp2_data_provider Body();

 private:
  static Http2Session& Of(void* self) { return *static_cast<Http2Session*>(self); }
  static int OnFrameBegins(nghttp2_session*, const nghttp2_frame_hd* head, void* self);
  static int OnHeadBegins(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnField(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                     size_t name_size, const uint8_t* value, size_t value_size, uint8_t flags,
                     void* self);
  static int OnInvalidField(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                            size_t name_size, const uint8_t* value, size_t value_size,
                            uint8_t flags, void* self);
  static int OnData(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data, size_t size,
                    void* self);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnFrameNotSent(nghttp2_session*, const nghttp2_frame* frame, int error, void* self);
  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t code, void* self);
  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* buffer, size_t size,
                          uint32_t* flags, nghttp2_data_source*, void* self);

  static void OnPartEnd(Http2Session& session, const nghttp2_frame& frame);
  static End EndOf(const Http2Session& session, const Stream& stream, uint32_t code);
};

}  // namespace lockstep::agent
