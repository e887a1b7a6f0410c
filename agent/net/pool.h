// A VU's connections, and the exchanges that have run over them, kept for the next ones. Those that
// are curl's are in a CURLSH whose only content is the connection cache, measured as the cheapest
// way to keep many VUs' connections apart in one multi handle; those of DirectTransport are here:
// idle ones of HTTP/1.1, and sessions of HTTP/2, which several exchanges use at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "agent/http/client.h"
#include "agent/net/connection.h"
#include "agent/net/http2_session.h"
#include "agent/net/target.h"
#include "agent/net/ways.h"

namespace lockstep::agent {

class Engine;
class Exchange;

class NetPool final : public ConnectionPool, private Connection::User, private Http2Session::Owner {
 public:
  NetPool(Engine& engine, int64_t vu_id_in_instance);
  // Abandons exchanges that still run.
  ~NetPool() override;
  NetPool(const NetPool&) = delete;
  NetPool& operator=(const NetPool&) = delete;

  void Clear() override;

  // An exchange that is not in use; give it back when it is over.
  std::unique_ptr<Exchange> Take();
  void Give(std::unique_ptr<Exchange> exchange);

  // The idle connection to this server that was used last; null if there is none.
  std::unique_ptr<Connection> TakeConnection(const Target& target);
  // Of `generation()` when it was dialled or taken: none is kept from before a Clear.
  void KeepConnection(std::unique_ptr<Connection> connection, int64_t generation);
  // The session with this server that takes another exchange; null if there is none.
  Http2Session* SessionWith(const Target& target);
  // Makes one of a connection whose server speaks HTTP/2; it lives until it is over.
  Http2Session& AddSession(std::unique_ptr<Connection> connection);
  Ways& ways() { return ways_; }
  int64_t generation() const { return generation_; }

  // For curl's connections; made with the first call.
  CURLSH* share();
  const std::string& local_ip() const { return local_ip_; }

 private:
  // Connection::User, of idle connections: the peer has hung up, or speaks out of turn.
  void OnEvents(Connection& connection, uint32_t events) override;
  // Http2Session::Owner
  void OnSessionOver(Http2Session& session) override;
  void FreeRetired();

  Engine& engine_;
  const std::string local_ip_;
  int64_t generation_ = 0;                                // how often it was cleared
  std::vector<std::unique_ptr<Connection>> connections_;  // idle; the one used last is at the end
  std::vector<std::unique_ptr<Http2Session>> sessions_;
  Ways ways_;
  CURLSH* share_ = nullptr;
  std::vector<CURLSH*> retired_;  // cleared, but exchanges still use them
  std::vector<std::unique_ptr<Exchange>> idle_;
};

}  // namespace lockstep::agent
