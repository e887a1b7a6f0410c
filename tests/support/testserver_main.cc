// lockstep-testserver: the tests' HTTP server as a program, for the quick start and the benchmarks.
// Prints its URL, and with --grpc-port also the address of the gRPC server; serves until SIGTERM or
// SIGINT and prints how many requests, calls and messages it has read.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <pthread.h>
#include <signal.h>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

#include "tests/support/grpc_server.h"
#include "tests/support/http_server.h"

int main(int argc, char** argv) {
  lockstep::testing::HttpServerOptions options;
  options.port = 8080;
  std::optional<int> grpc_port;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view flag = argv[i];
    int number = 0;
    if ((flag != "--port" && flag != "--grpc-port") || i + 1 >= argc ||
        !absl::SimpleAtoi(argv[++i], &number)) {
      std::fprintf(stderr,
                   "usage: lockstep-testserver [--port N] [--grpc-port N]\n"
                   "       (0: any free port; default: HTTP on 8080, no gRPC)\n");
      return 2;
    }
    (flag == "--port" ? options.port : grpc_port.emplace()) = number;
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
  std::unique_ptr<lockstep::testing::GrpcServer> grpc_server;
  if (grpc_port.has_value()) {
    grpc_server = lockstep::testing::GrpcServer::Start(
        {.port = *grpc_port, .reflection_v1 = true, .reflection_v1alpha = true});
    if (grpc_server == nullptr) {
      std::fprintf(stderr, "lockstep-testserver: cannot listen on port %d for gRPC\n", *grpc_port);
      return 1;
    }
    std::printf("%s\n", grpc_server->address().c_str());
  }
  std::fflush(stdout);
  int received = 0;
  sigwait(&ends, &received);
  std::printf("%lld requests\n", static_cast<long long>((*server)->requests()));
  if (grpc_server != nullptr) {
    int calls = 0;
    for (const auto& [path, count] : grpc_server->calls()) {
      calls += count;
    }
    std::printf("%d calls, %d messages\n", calls, grpc_server->messages());
  }
  return 0;
}
