// A VU's connections: a CURLSH whose only content is the connection cache, and the exchanges that
// have run over it, kept for the next ones. Measured as the cheapest way to keep many VUs'
// connections apart in one multi handle.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "agent/http/client.h"

namespace lockstep::agent {

class Engine;
class Exchange;

class CurlPool final : public ConnectionPool {
 public:
  CurlPool(Engine& engine, int64_t vu_id_in_instance);
  // Abandons exchanges that still run.
  ~CurlPool() override;
  CurlPool(const CurlPool&) = delete;
  CurlPool& operator=(const CurlPool&) = delete;

  void Clear() override;

  // An exchange that is not in use; give it back when it is over.
  std::unique_ptr<Exchange> Take();
  void Give(std::unique_ptr<Exchange> exchange);

  const std::string& local_ip() const { return local_ip_; }

 private:
  void FreeRetired();

  Engine& engine_;
  const std::string local_ip_;
  CURLSH* share_ = nullptr;       // made with the first exchange
  std::vector<CURLSH*> retired_;  // cleared, but exchanges still use them
  std::vector<std::unique_ptr<Exchange>> idle_;
};

}  // namespace lockstep::agent
