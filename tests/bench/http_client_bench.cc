// CPU time of the network engine alone: POOLS closed-loop users over one MultiLoop against a test
// server elsewhere.
//
//   http_client_bench URL [POOLS=50] [SECONDS=5]
//
// Prints requests per second and microseconds of CPU for each. Pin it to one core and the server to
// another.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "absl/strings/numbers.h"

#include "agent/net/multi_loop.h"

namespace {

using lockstep::agent::HttpRequest;
using lockstep::agent::HttpResponse;
using lockstep::agent::MultiLoop;
using lockstep::agent::Network;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// One user: the answer makes it ready, the ready stage lets it ask again, as a VU does.
struct User {
  std::unique_ptr<lockstep::agent::ConnectionPool> pool;
  lockstep::agent::HttpRequest request;
};

}  // namespace

int main(int argc, char** argv) {
  int pools = 50;
  int seconds = 5;
  if (argc < 2 || (argc > 2 && !absl::SimpleAtoi(argv[2], &pools)) ||
      (argc > 3 && !absl::SimpleAtoi(argv[3], &seconds))) {
    std::fprintf(stderr, "usage: http_client_bench URL [POOLS] [SECONDS]\n");
    return 2;
  }
  const absl::StatusOr<lockstep::agent::Url> url = lockstep::agent::ParseUrl(argv[1]);
  if (!url.ok()) {
    std::fprintf(stderr, "%s\n", std::string(url.status().message()).c_str());
    return 2;
  }
  const auto network = Network::Make({});
  MultiLoop loop(**network);
  std::vector<User> users(static_cast<size_t>(pools));
  std::vector<User*> ready;
  int64_t answers = 0;
  int64_t failures = 0;
  for (User& user : users) {
    user.pool = loop.MakePool(1);
    ready.push_back(&user);
  }
  loop.SetReadyStage([&] {
    for (User* user : ready) {
      HttpRequest& request = user->request;
      request.url = *url;
      request.headers = {{"User-Agent", "http_client_bench"}};
      loop.Submit(*user->pool, request, [&, user](const HttpResponse& response) {
        ++answers;
        failures += response.status != 200;
        ready.push_back(user);
      });
    }
    ready.clear();
  });
  const double before = CpuSeconds();
  loop.WakeSoon();
  loop.After(absl::Seconds(seconds), [&] { loop.Stop(); });
  loop.Run();
  const double cpu = CpuSeconds() - before;
  std::printf("%d users: %.0f requests/s, %.2f us CPU per request, %lld failures\n", pools,
              static_cast<double>(answers) / seconds, cpu * 1e6 / static_cast<double>(answers),
              static_cast<long long>(failures));
  users.clear();
  return failures == 0 ? 0 : 1;
}
