// The way to a connection: the dial, and for a secure peer the handshake. Loop thread.
#pragma once

#include <memory>
#include <string>

#include "agent/net/connection.h"
#include "agent/net/net_error.h"
#include "common/base/clock.h"
#include "common/options/options.h"

namespace lockstep::agent {

class Engine;

class Opening final : private Connection::User {
 public:
  class User {
   public:
    virtual ~User() = default;
    // May destroy the opening, as may the next.
    virtual void OnOpened(std::unique_ptr<Connection> connection) = 0;
    virtual void OnOpenFailed(HttpError error) = 0;
  };
  // When it had got how far; MonoTime(): not that far.
  struct Stamps {
    MonoTime began, connected, secured;
  };

  // `certificate`: shown to a secure peer that asks; null: none.
  Opening(Engine& engine, Connection::Peer peer, const TlsAuth* certificate, User& user);

  // Begins, from `local_ip` ("": the system's choice). Code 0, or what is wrong already.
  HttpError Begin(const std::string& local_ip, MonoTime now);
  // The dial has a limit of its own; Infinite() once it is over.
  MonoTime deadline() const;
  // What it is when that limit has passed.
  HttpError DialTimeout() const;
  const Stamps& stamps() const { return stamps_; }
  const Connection::Peer& peer() const { return connection_->peer(); }

 private:
  // Connection::User
  void OnEvents(Connection& connection, uint32_t events) override;

  void Secure();
  HttpError Failed(CurlFailure failure) const;
  HttpError HandshakeFailed() const;

  Engine& engine_;
  const TlsAuth* const certificate_;
  User& user_;
  std::unique_ptr<Connection> connection_;
  SSL_CTX* context_ = nullptr;  // the engine's
  Stamps stamps_;
};

}  // namespace lockstep::agent
