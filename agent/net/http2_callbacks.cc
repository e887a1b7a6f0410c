#include "agent/net/http2_callbacks.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "agent/net/http2_error.h"
#include "agent/net/net_error.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

constexpr int64_t kFrameHeadBytes = 9;
// Of 16 KiB each: what is beyond kMaxHttp2HeadBytes is read, too, as it belongs to the compression
// of what follows.
constexpr size_t kMaxContinuations = 1024;
constexpr size_t kMaxRequestHeadBytes = size_t{1} << 20;

absl::string_view TextOf(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

const nghttp2_session_callbacks* Http2Session::Callbacks::All() {
  static const nghttp2_session_callbacks* const all = [] {
    nghttp2_session_callbacks* made = nullptr;
    LOCKSTEP_CHECK(nghttp2_session_callbacks_new(&made) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, &OnFrameBegins);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, &OnHeadBegins);
    nghttp2_session_callbacks_set_on_header_callback(made, &OnField);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, &OnInvalidField);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, &OnFrame);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, &OnFrameSent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, &OnFrameNotSent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, &OnStreamClose);
    return made;
  }();
  return all;
}

const nghttp2_option* Http2Session::Callbacks::Options() {
  static const nghttp2_option* const options = [] {
    nghttp2_option* made = nullptr;
    LOCKSTEP_CHECK(nghttp2_option_new(&made) == 0);
    nghttp2_option_set_max_continuations(made, kMaxContinuations);
    nghttp2_option_set_max_send_header_block_length(made, kMaxRequestHeadBytes);
    nghttp2_option_set_no_closed_streams(made, 1);
    return made;
  }();
  return options;
}

nghttp2_data_provider Http2Session::Callbacks::Body() {
  nghttp2_data_provider body{};
  body.read_callback = &ReadBody;
  return body;
}

int Http2Session::Callbacks::OnFrameBegins(nghttp2_session* /*ng*/, const nghttp2_frame_hd* head,
                                           void* self) {
  Http2Session& session = Of(self);
  if (Stream* const stream = session.Find(head->stream_id)) {
    Progress& progress = *stream->call.progress;
    progress.received += kFrameHeadBytes + static_cast<int64_t>(head->length);
    if (!stream->begun && head->type == NGHTTP2_HEADERS) {
      stream->begun = true;
      progress.first_byte = session.received_at_;
    }
    stream->data_bytes += head->type == NGHTTP2_DATA ? static_cast<int64_t>(head->length) : 0;
  }
  return 0;
}

int Http2Session::Callbacks::OnHeadBegins(nghttp2_session* /*ng*/, const nghttp2_frame* frame,
                                          void* self) {
  if (Stream* const stream = Of(self).Find(frame->hd.stream_id)) {
    stream->head_bytes = 0;
  }
  return 0;
}

// NOLINTNEXTLINE(readability-function-size): nghttp2's parameters
int Http2Session::Callbacks::OnField(nghttp2_session* /*ng*/, const nghttp2_frame* frame,
                                     const uint8_t* name, size_t name_size, const uint8_t* value,
                                     size_t value_size, uint8_t /*flags*/, void* self) {
  Stream* const stream = Of(self).Find(frame->hd.stream_id);
  if (stream == nullptr) {
    return 0;
  }
  stream->head_bytes += name_size + value_size + 4;  // as a line of HTTP/1.1 it would have so many
  if (stream->head_bytes > kMaxHttp2HeadBytes) {
    stream->failed = Http2HeaderTooLarge();
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // nghttp2 resets the stream
  }
  if (stream->in_answer) {
    return 0;  // a trailer
  }
  const absl::string_view key = TextOf(name, name_size), text = TextOf(value, value_size);
  ResponseReader& reader = *stream->call.reader;
  if (key == ":status") {
    stream->status = 0;
    stream->length = -1;
    // nghttp2 has checked that it is a number of three digits.
    if (!absl::SimpleAtoi(text, &stream->status) || stream->status < 100) {
      stream->failed = Http2StreamError(NGHTTP2_PROTOCOL_ERROR);
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    reader.AddStatusLine(absl::StrCat("HTTP/2 ", text));
    return 0;
  }
  if (key == "content-length") {
    [[maybe_unused]] const bool number = absl::SimpleAtoi(text, &stream->length);  // likewise
  }
  reader.AddField(key, text);
  return 0;
}

// What nghttp2 would leave out of the answer. Blanks around a value do no harm; what no field may
// have does.
// NOLINTNEXTLINE(readability-function-size): nghttp2's parameters
int Http2Session::Callbacks::OnInvalidField(nghttp2_session* /*ng*/, const nghttp2_frame* /*frame*/,
                                            const uint8_t* name, size_t name_size,
                                            const uint8_t* value, size_t value_size,
                                            uint8_t /*flags*/, void* /*self*/) {
  return HasForbiddenCharacter(TextOf(name, name_size)) ||
                 HasForbiddenCharacter(TextOf(value, value_size))
             ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE  // a protocol error of the stream
             : 0;
}

int Http2Session::Callbacks::OnData(nghttp2_session* ng, uint8_t /*flags*/, int32_t id,
                                    const uint8_t* data, size_t size, void* self) {
  Stream* const stream = Of(self).Find(id);
  if (stream == nullptr || stream->not_taken) {
    return 0;
  }
  if (!stream->call.reader->AddBody(TextOf(data, size))) {
    stream->not_taken = true;
    nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }
  return 0;
}

int Http2Session::Callbacks::OnFrame(nghttp2_session* /*ng*/, const nghttp2_frame* frame,
                                     void* self) {
  Http2Session& session = Of(self);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      OnPartEnd(session, *frame);
      break;
    case NGHTTP2_GOAWAY:
      session.going_away_ = true;
      session.goaway_code_ = frame->goaway.error_code;
      break;
    default:
      break;
  }
  return 0;
}

void Http2Session::Callbacks::OnPartEnd(Http2Session& session, const nghttp2_frame& frame) {
  const int32_t id = frame.hd.stream_id;
  Stream* const stream = session.Find(id);
  if (stream == nullptr) {
    return;
  }
  if (frame.hd.type == NGHTTP2_HEADERS && !stream->in_answer) {
    stream->call.reader->EndHead();
    stream->in_answer = stream->status >= 200;
    if (stream->in_answer && stream->length > 0) {
      stream->call.reader->ExpectBody(stream->length);
    }
  }
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 || stream->not_taken) {
    return;
  }
  if (!stream->sent) {
    // Nobody waits for the rest of the request.
    nghttp2_submit_rst_stream(session.ng_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
  }
  session.EndStream(id, {.how = End::How::kAnswered, .begun = true});
}

int Http2Session::Callbacks::OnFrameSent(nghttp2_session* /*ng*/, const nghttp2_frame* frame,
                                         void* self) {
  Http2Session& session = Of(self);
  if (frame->hd.type == NGHTTP2_GOAWAY) {
    session.breach_ = true;
    session.breach_code_ = frame->goaway.error_code;
    return 0;
  }
  const bool request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  Stream* const stream = request ? session.Find(frame->hd.stream_id) : nullptr;
  if (stream != nullptr) {
    stream->call.progress->sent += kFrameHeadBytes + static_cast<int64_t>(frame->hd.length);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      stream->sent = true;
      session.leaving_.push_back(stream->id);
    }
  }
  return 0;
}

int Http2Session::Callbacks::OnFrameNotSent(nghttp2_session* /*ng*/, const nghttp2_frame* frame,
                                            int error, void* self) {
  Http2Session& session = Of(self);
  if (frame->hd.type != NGHTTP2_HEADERS || session.Find(frame->hd.stream_id) == nullptr) {
    return 0;
  }
  if (error == NGHTTP2_ERR_FRAME_SIZE_ERROR) {
    session.EndStream(frame->hd.stream_id,
                      {.how = End::How::kFailed, .error = RequestHeaderTooLarge()});
  } else {  // the session takes no more requests
    session.EndStream(frame->hd.stream_id, {.how = End::How::kRefused,
                                            .error = Http2StreamError(NGHTTP2_REFUSED_STREAM)});
  }
  return 0;
}

int Http2Session::Callbacks::OnStreamClose(nghttp2_session* /*ng*/, int32_t id, uint32_t code,
                                           void* self) {
  Http2Session& session = Of(self);
  if (const Stream* const stream = session.Find(id)) {
    session.EndStream(id, EndOf(session, *stream, code));
  }
  return 0;
}

// Of a stream that was closed before its answer was complete.
Http2Session::End Http2Session::Callbacks::EndOf(const Http2Session& session, const Stream& stream,
                                                 uint32_t code) {
  if (stream.not_taken) {
    return {.how = End::How::kNotTaken, .begun = true};
  }
  End end = {.how = End::How::kFailed, .error = stream.failed, .begun = stream.begun};
  if (end.error.code != 0) {
    return end;
  }
  if (code == NGHTTP2_REFUSED_STREAM && !stream.begun) {
    // As Go: a connection that ends in an error with its first exchange would do so again.
    const bool hopeless = session.HasBroken() && stream.id == 1;
    end.how = hopeless ? End::How::kFailed : End::How::kRefused;
    end.error = hopeless ? Http2GoAwayError(session.goaway_code_) : Http2StreamError(code);
  } else if (code == NGHTTP2_PROTOCOL_ERROR && stream.in_answer &&
             stream.data_bytes < stream.length) {
    // nghttp2's word for a body that is shorter than it was to be.
    end.error = {error_code::kGeneric, "unexpected EOF"};
    end.keep_body = true;  // as k6 shows it
  } else {
    end.error = Http2StreamError(code);
  }
  return end;
}

// NOLINTNEXTLINE(readability-function-size): nghttp2's parameters
ssize_t Http2Session::Callbacks::ReadBody(nghttp2_session* /*ng*/, int32_t id, uint8_t* buffer,
                                          size_t size, uint32_t* flags,
                                          nghttp2_data_source* /*source*/, void* self) {
  Stream* const stream = Of(self).Find(id);
  if (stream == nullptr) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // the exchange has ended, and this stream will
  }
  const std::string& body = stream->call.request->body;
  const size_t piece = std::min(size, body.size() - stream->body_sent);
  std::copy_n(body.data() + stream->body_sent, piece, buffer);
  stream->body_sent += piece;
  if (stream->body_sent == body.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  }
  return static_cast<ssize_t>(piece);
}

}  // namespace lockstep::agent
