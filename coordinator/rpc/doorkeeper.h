// Listens for connections and waits for the first byte of each, which tells what the peer speaks,
// before gRPC gets to see it. So a peer that says nothing, or speaks the wrong protocol, costs a
// descriptor and a line, whatever their number, and is turned away with a reason that it
// understands where there is one.
//
// Belongs to the coordinator's loop.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "common/base/epoll_loop.h"
#include "common/base/timer.h"

struct addrinfo;

namespace lockstep::coordinator {

struct DoorSettings {
  bool tls = true;  // what peers must speak; false: HTTP/2 in plain text
  absl::Duration speak_within = absl::Seconds(5);  // of connecting
  // Beyond this, one of the address with the most of them is dropped: the one that has been silent
  // longest.
  size_t max_silent = 512;
  size_t max_per_10s = 2000;  // connections that are let through
  // Of these, from one address (IPv6: one /64): no flood from one place keeps the others out.
  size_t max_per_10s_of_one = 1000;
};

class Doorkeeper {
 public:
  struct Events {
    // Owns the descriptor from then on.
    absl::AnyInvocable<void(int fd, const std::string& address)> let_in;
    absl::AnyInvocable<void(absl::string_view kind, const std::string& address,
                            absl::string_view reason)>
        refused;  // kinds as in refusals.h
  };

  // `loop` is borrowed and outlives this.
  Doorkeeper(EpollLoop& loop, DoorSettings settings, Events events);
  ~Doorkeeper();
  Doorkeeper(const Doorkeeper&) = delete;
  Doorkeeper& operator=(const Doorkeeper&) = delete;

  // Listens on all that "HOST:PORT" resolves to; 0 is a free port. The port, or Unavailable with
  // the system's reason.
  absl::StatusOr<int> Listen(const std::string& address);
  // Closes what is open here. May be called again.
  void Shutdown();

 private:
  struct Visitor {
    std::string address;
    std::string host;  // of it, without the port
    MonoTime came;
  };

  absl::Status ListenOn(const addrinfo& where, int* port);
  void OnKnock(int listener);
  void OnFirstByte(int fd);
  void TurnAway(int fd, absl::string_view kind, absl::string_view reason);
  void Answer(int fd, char first_byte);
  bool TooMany(const std::string& host);
  void DropOneOfTheMost();
  void WatchSilence();
  void WatchListeners();
  void PauseListening();

  EpollLoop& loop_;
  const DoorSettings settings_;
  Events events_;
  std::vector<int> listeners_;
  std::map<int, Visitor> silent_;  // by descriptor
  std::deque<int> order_;          // of silent_, by coming; may hold some that are gone
  std::deque<std::pair<MonoTime, std::string>> let_in_;  // hosts, the last 10 s
  std::map<std::string, size_t> let_in_of_;              // of these, by host
  std::map<std::string, size_t> silent_of_;              // of silent_, by host
  Timer timer_{loop_};
  Timer pause_{loop_};
};

}  // namespace lockstep::coordinator
