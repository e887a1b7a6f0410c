// One exchange of HTTP/1.1 over a connection: a send and a recv where the connection is in luck.
// Loop thread.
#pragma once

#include <memory>
#include <string>

#include "agent/net/connection.h"
#include "agent/net/http1.h"
#include "agent/net/progress.h"

namespace lockstep::agent {

class Engine;

class Http1Carrier final : private Connection::User {
 public:
  // How it came to its end.
  enum class End {
    kAnswered,    // or the answer cannot be read: see `error`
    kNotTaken,    // the reader has refused the body
    kSendFailed,  // with `os_errno`
    kLost,        // the peer has ended the connection, or, with an errno, it failed
  };
  class User {
   public:
    virtual ~User() = default;
    // May begin the next exchange.
    virtual void OnHttp1End(End end, int os_errno) = 0;
  };

  // `reader` fills `response`.
  Http1Carrier(Engine& engine, HttpResponse& response, ResponseReader& reader, User& user)
      : engine_(engine), user_(user), answer_(response, reader) {}
  Http1Carrier(const Http1Carrier&) = delete;
  Http1Carrier& operator=(const Http1Carrier&) = delete;

  // Carries `request`, which stays where it is until the end; `progress` is kept up.
  void Begin(std::unique_ptr<Connection> connection, const HttpRequest& request, bool close,
             Progress& progress);
  bool busy() const { return connection_ != nullptr; }
  // Closes the connection.
  void Abandon();

  // After the end:
  // The connection, if it may carry another exchange; null otherwise. Once.
  std::unique_ptr<Connection> TakeReusable();
  // The connection, until Abandon.
  const Connection& connection() const { return *connection_; }
  // Why the answer cannot be read; code 0: it can.
  const HttpError& error() const { return answer_.error(); }
  // A byte of the answer had come.
  bool begun() const { return answer_.begun(); }
  // The peer ended the connection: the body that has come is worth showing. `error` is set.
  bool EndedInBody();

 private:
  // Connection::User
  void OnEvents(Connection& connection, uint32_t events) override;

  void SendMore();
  void OnSendFailed(int os_errno);
  void ReceiveMore();
  bool OnBytes(absl::string_view bytes);

  Engine& engine_;
  User& user_;
  Http1Reader answer_;

  // The present exchange. Without a connection, there is none.
  std::unique_ptr<Connection> connection_;
  const HttpRequest* request_ = nullptr;
  Progress* progress_ = nullptr;
  bool close_ = false;
  bool sending_ = false;
  bool reusable_ = false;
  std::string head_;  // kept for its memory
};

}  // namespace lockstep::agent
