// One CURLM on an EpollLoop. The driver keeps curl's sockets registered lazily: what curl asks for
// is registered when the turn ends and only if it is still wanted then; what curl stops asking for
// stays in epoll until an event nobody wants arrives. That saves two system calls per request on
// kept-alive connections, and two per message of a WebSocket. While curl runs, it is told of
// sockets from which epoll has reported nothing that there is nothing to read, without asking the
// system: that saves three polls and a read per request. All calls on the loop's thread.
#pragma once

#include <cstdint>
#include <vector>

#include <curl/curl.h>

#include "common/base/epoll_loop.h"

namespace lockstep::agent {

// A transfer that the driver runs. Owns its easy handle.
class CurlTransfer {
 public:
  virtual ~CurlTransfer() = default;
  // Curl is finished with the transfer, which has left the multi handle already. Called while
  // curl's events are taken: only stamp and collect here.
  virtual void OnFinished(CURLcode code) = 0;
};

class CurlDriver {
 public:
  explicit CurlDriver(EpollLoop& loop);
  // All transfers must have ended or been abandoned.
  ~CurlDriver();
  CurlDriver(const CurlDriver&) = delete;
  CurlDriver& operator=(const CurlDriver&) = delete;

  // Options that tie an easy handle's sockets to this driver; once per handle.
  void Attach(CURL* easy);
  // Hands a transfer over; curl begins with it in the next `Advance`.
  void Start(CURL* easy, CurlTransfer* transfer);
  // Takes a running transfer back; OnFinished is not called. Its connection is closed.
  void Abandon(CURL* easy);
  // Lets curl begin what was started and do what is due, and reports transfers that ended.
  void Advance();
  // Reports transfers that ended by the events of this turn.
  void Collect();

  // For the functions that stand between curl and the system. Whether epoll reports what comes from
  // the socket, and has reported nothing since all was read.
  bool Silent(int fd) const {
    return static_cast<size_t>(fd) < sockets_.size() && sockets_[static_cast<size_t>(fd)].Silent();
  }
  // All that had come from the socket has been read.
  void NoteDrained(int fd) {
    if (static_cast<size_t>(fd) < sockets_.size()) {
      sockets_[static_cast<size_t>(fd)].reported = false;
    }
  }

 private:
  struct Socket {
    uint32_t wanted = 0;      // what curl asks for now
    uint32_t registered = 0;  // what epoll reports
    bool reported = false;    // it has reported something, and not all of that has been read
    bool Silent() const;
  };
  // While one lives, curl's calls on this thread are this driver's.
  class Inside;

  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* driver, void* unused);
  static int OnTimer(CURLM* multi, long timeout_ms, void* driver);
  static int OnClose(void* driver, curl_socket_t fd);

  void SetWanted(int fd, uint32_t wanted);
  void RegisterWanted();
  void OnEvents(int fd, uint32_t events);
  void Register(int fd, Socket& socket, uint32_t events);
  void ArmTimer();

  EpollLoop& loop_;
  CURLM* const multi_;
  std::vector<Socket> sockets_;    // by descriptor
  std::vector<int> unregistered_;  // wanted for more than epoll reports
  // When curl wants a timer action; it says so only if that changes.
  MonoTime due_ = MonoTime::Infinite();
  MonoTime armed_ = MonoTime::Infinite();  // when our timer fires: at `due_` or earlier
  TimerId timer_ = TimerId::kNone;
};

}  // namespace lockstep::agent
