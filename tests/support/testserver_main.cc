// lockstep-testserver: the tests' HTTP server as a program, for the quick start and the benchmarks.
// Prints its URL, then serves until SIGTERM or SIGINT and prints how many requests it has read.
#include <cstdio>
#include <string>

#include <pthread.h>
#include <signal.h>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

#include "tests/support/http_server.h"

int main(int argc, char** argv) {
  lockstep::testing::HttpServerOptions options;
  options.port = 8080;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view flag = argv[i];
    if (flag != "--port" || i + 1 >= argc || !absl::SimpleAtoi(argv[++i], &options.port)) {
      std::fprintf(stderr,
                   "usage: lockstep-testserver [--port N]   (0: any free port; default 8080)\n");
      return 2;
    }
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before the server's thread inherits it
  signal(SIGPIPE, SIG_IGN);
  const auto server = lockstep::testing::HttpServer::Start(options);
  if (!server.ok()) {
    std::fprintf(stderr, "lockstep-testserver: %s\n",
                 std::string(server.status().message()).c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->Url("/").c_str());
  std::fflush(stdout);
  int received = 0;
  sigwait(&ends, &received);
  std::printf("%lld requests\n", static_cast<long long>((*server)->requests()));
  return 0;
}
