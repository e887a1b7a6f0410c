// An HTTP/2 connection of one VU (RFC 9113), on nghttp2: the exchanges that run over it side by
// side, and what both ends say of the connection itself. Loop thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "agent/net/connection.h"
#include "agent/net/http2_fields.h"
#include "agent/net/progress.h"
#include "agent/net/response_reader.h"
#include "common/base/openssl_free.h"

namespace lockstep::agent {

class Engine;

class Http2Session final : private Connection::User {
 public:
  struct End {
    enum class How {
      kAnswered,
      kNotTaken,  // the reader has refused the body
      kRefused,   // the server has not worked on it, and says so: any request may be sent again
      kLost,      // with the connection, by `error`
      kFailed,    // by `error`
    };
    How how = How::kAnswered;
    HttpError error = {};
    bool begun = false;      // a byte of the answer had come
    bool keep_body = false;  // what has come of the body is worth showing
  };
  class User {
   public:
    virtual ~User() = default;
    // May begin another exchange, here too, but not destroy the session.
    virtual void OnHttp2End(End end) = 0;
  };
  class Owner {
   public:
    virtual ~Owner() = default;
    // The session carries nothing and never will: destroy it.
    virtual void OnSessionOver(Http2Session& session) = 0;
  };
  // One exchange. What is pointed to stays where it is until its end, or until it is cancelled;
  // `reader` fills what the answer says, `progress` is kept up.
  struct Call {
    const HttpRequest* request;
    ResponseReader* reader;
    Progress* progress;
    User* user;
  };

  // Over a connection whose server speaks HTTP/2.
  Http2Session(Engine& engine, std::unique_ptr<Connection> connection, Owner& owner);
  ~Http2Session() override;
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Whether it takes another exchange now. The server says how many it takes at a time; a session
  // that has none takes one whatever it says, which then waits here.
  bool has_room() const;
  // Of one that has room: begins an exchange, and returns the number of its stream; 0: it has run
  // out of them, and has no room from now on. The request leaves at the end of the loop's stage.
  int32_t Begin(const Call& call);
  // Nothing more is heard of the exchange; the server is told.
  void Cancel(int32_t stream);
  // Takes no more exchanges, and is over when those that run are. Not from within its own events.
  void Retire();
  const Connection& connection() const { return *connection_; }

  // From the engine: sends what there is to send. May destroy the session.
  void Flush();

 private:
  struct Stream {
    int32_t id = 0;
    Call call;
    size_t body_sent = 0;
    bool sent = false;       // all of the request is with nghttp2's output
    bool begun = false;      // a frame of the answer has come
    bool in_answer = false;  // the head of the final answer is complete: what follows is trailers
    bool not_taken = false;
    int status = 0;
    size_t head_bytes = 0;
    int64_t data_bytes = 0;  // in frames of the body that have begun
    int64_t length = -1;     // of the body, as announced; -1: not
    HttpError failed = {};
  };
  struct Ended {
    User* user;
    End end;
  };
  // What nghttp2 calls; see http2_callbacks.h.
  struct Callbacks;
  using NgSession = std::unique_ptr<nghttp2_session, openssl::Free<&nghttp2_session_del>>;

  // Connection::User
  void OnEvents(Connection& connection, uint32_t events) override;

  void FlushSoon();
  void Receive();
  void Send();
  // Takes frames from nghttp2 until there is enough for a write.
  void FillOutput();
  void NoteSent();
  // What follows from what was received and sent. May destroy the session.
  void Settle();
  void TellEnds();
  bool HasBroken() const;
  bool IsOver() const;
  void FailAll();
  void Lose(int os_errno);
  HttpError WhyLost() const;

  Stream* Find(int32_t id);
  void EndStream(int32_t id, End end);

  Engine& engine_;
  Owner& owner_;
  std::unique_ptr<Connection> connection_;
  NgSession ng_;
  Http2Fields fields_;

  std::vector<Stream> streams_;
  std::vector<Ended> ended_;  // to be told when nghttp2 is left
  bool retired_ = false;
  bool going_away_ = false;  // the server has said so
  uint32_t goaway_code_ = NGHTTP2_NO_ERROR;
  MonoTime received_at_;  // when the bytes that nghttp2 reads now had come
  bool lost_ = false;     // nothing is received any more
  HttpError lost_by_;
  bool breach_ = false;  // the server has broken the rules
  uint32_t breach_code_ = NGHTTP2_NO_ERROR;

  std::string output_;
  size_t written_ = 0;
  std::vector<int32_t> leaving_;  // streams whose requests end in the output
  bool deaf_ = false;             // the peer takes nothing any more
  bool flush_due_ = false;        // the engine knows of it
};

}  // namespace lockstep::agent
