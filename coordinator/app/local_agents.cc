#include "coordinator/app/local_agents.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

std::string Reason(int error) {
  return std::generic_category().message(error);
}

std::string Describe(int status) {
  if (WIFSIGNALED(status)) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's text is the thread's own
    const char* const name = strsignal(WTERMSIG(status));
    return absl::StrCat("was killed by signal ", WTERMSIG(status), " (", name, ")");
  }
  return absl::StrCat("exited with code ", WEXITSTATUS(status));
}

}  // namespace

absl::StatusOr<std::string> FindAgentProgram() {
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::filesystem::path program = self.parent_path() / "lockstep-agent";
  if (error || access(program.c_str(), X_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("the agent program ", program.string(),
                                            " is missing; it must stand beside this program"));
  }
  return program.string();
}

LocalAgents::~LocalAgents() {
  KillAll();
  for (const auto& [process, pidfd] : pidfds_) {
    loop_.Unwatch(pidfd);
    close(pidfd);
    waitpid(process, nullptr, 0);
  }
}

absl::Status LocalAgents::Start(const std::string& program, const std::string& address,
                                const std::string& name, int64_t workers) {
  std::vector<std::string> words = {program,     "--coordinator",
                                    address,     "--once",
                                    "--name",    name,
                                    "--parent",  absl::StrCat(getpid()),
                                    "--workers", absl::StrCat(workers)};
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t defaults;
  sigfillset(&defaults);
  struct sigaction hangup = {};
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler == SIG_IGN) {
    sigdelset(&defaults, SIGHUP);  // nohup is meant for them, too
  }
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);  // out of the terminal's reach
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO,
                                   STDOUT_FILENO);  // stdout is the coordinator's alone

  pid_t process = 0;
  int error =
      posix_spawn(&process, program.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return absl::InternalError(absl::StrCat("cannot start ", program, ": ", Reason(error)));
  }
  int pidfd = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (pidfd < 0) {
    error = errno;
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
    return absl::InternalError(absl::StrCat("cannot watch ", program, ": ", Reason(error)));
  }
  pidfds_[process] = pidfd;
  loop_.Watch(pidfd, EPOLLIN, [this, process](uint32_t) { OnReadable(process); });
  return absl::OkStatus();
}

void LocalAgents::OnReadable(pid_t process) {
  int status = 0;
  if (waitpid(process, &status, WNOHANG) != process) {
    return;
  }
  int pidfd = pidfds_[process];
  pidfds_.erase(process);
  loop_.Unwatch(pidfd);
  close(pidfd);
  on_exit_(process, Describe(status));
}

void LocalAgents::KillAll() {
  KillUnless([](pid_t) { return false; });
}

void LocalAgents::KillUnless(absl::FunctionRef<bool(pid_t process)> spared) {
  for (const auto& [process, pidfd] : pidfds_) {
    if (!spared(process)) {
      kill(process, SIGKILL);
    }
  }
}

}  // namespace lockstep::coordinator
