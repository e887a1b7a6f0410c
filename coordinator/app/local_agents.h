// Agents on this machine, as child processes of the coordinator: started when a run begins, gone
// when it ends. They die with the coordinator, whatever happens to it (the agent's --parent), and
// do not get the terminal's Ctrl+C.
#pragma once

#include <map>
#include <string>

#include <sys/types.h>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

#include "common/base/epoll_loop.h"

namespace lockstep::coordinator {

// The program `lockstep-agent` beside this executable. NotFound names the path.
absl::StatusOr<std::string> FindAgentProgram();

// Loop-bound.
class LocalAgents {
 public:
  // `how`: "exited with code 3", "was killed by signal 9 (Killed)".
  using OnExit = absl::AnyInvocable<void(pid_t process, const std::string& how)>;

  LocalAgents(EpollLoop& loop, OnExit on_exit) : loop_(loop), on_exit_(std::move(on_exit)) {}
  // Kills those that are left.
  ~LocalAgents();
  LocalAgents(const LocalAgents&) = delete;
  LocalAgents& operator=(const LocalAgents&) = delete;

  // Starts one more with `workers` worker threads, which joins the coordinator at `address` under
  // `name`. The error names the program.
  absl::Status Start(const std::string& program, const std::string& address,
                     const std::string& name, int64_t workers);
  void KillAll();
  // Those that `spared` is false of.
  void KillUnless(absl::FunctionRef<bool(pid_t process)> spared);
  bool none() const { return pidfds_.empty(); }

 private:
  void OnReadable(pid_t process);

  EpollLoop& loop_;
  OnExit on_exit_;
  std::map<pid_t, int> pidfds_;
};

}  // namespace lockstep::coordinator
