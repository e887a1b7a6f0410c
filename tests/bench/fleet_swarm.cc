// Many simulated agents in one process, for scripts/bench fleet: each joins a real coordinator over
// a connection of its own, plays a run by the protocol, and sends a batch with SERIES series each
// second.
//
//   fleet_swarm COORDINATOR AGENTS SERIES SECONDS
//
// A batch is what HTTP requests to SERIES / 10 URLs leave behind in a second: for each URL a
// counter, a rate and eight trends with ten values. All agents send the same ones, as agents of one
// test do; each is encoded once. Prints "batches N bytes M" when all have ended.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "agent/rpc/grpc_transport.h"
#include "agent/run/session.h"
#include "common/base/epoll_loop.h"
#include "common/base/version.h"
#include "common/metrics/batch.h"

namespace lockstep::agent {
namespace {

constexpr int kValues = 10;
constexpr const char* kTrends[] = {
    "http_req_duration", "http_req_blocked", "http_req_connecting", "http_req_tls_handshaking",
    "http_req_sending",  "http_req_waiting", "http_req_receiving",  "iteration_duration"};

class SilentLogger final : public Logger {
 public:
  void Write(LogRecord record) override {
    if (record.level >= LogLevel::kError) {
      fprintf(stderr, "%s\n", record.message.c_str());
    }
  }
};

// The batches of a run by their numbers.
class Batches {
 public:
  Batches(int series, uint64_t count) : urls_(series / 10), count_(count) {}

  // How many each agent sends, one a second.
  uint64_t count() const { return count_; }
  const std::string& Encoded(uint64_t number) {
    std::string& encoded = encoded_[number];
    if (encoded.empty()) {
      encoded = EncodeBatch(Make(number));
    }
    return encoded;
  }

 private:
  Batch Make(uint64_t number) const {
    Batch batch;
    batch.number = number;
    batch.begin = absl::Now() - absl::Seconds(1);
    batch.end = absl::Now();
    batch.metrics = {{"http_reqs", MetricType::kCounter, ValueType::kDefault},
                     {"http_req_failed", MetricType::kRate, ValueType::kDefault}};
    for (const char* name : kTrends) {
      batch.metrics.push_back({name, MetricType::kTrend, ValueType::kTime});
    }
    for (uint32_t url = 0; url < static_cast<uint32_t>(urls_); ++url) {
      const std::string address = absl::StrCat("http://server.example/item/", url);
      batch.tag_sets.push_back({{"expected_response", "true"},
                                {"method", "GET"},
                                {"name", address},
                                {"proto", "HTTP/1.1"},
                                {"scenario", "s"},
                                {"status", "200"},
                                {"url", address}});
      for (uint32_t metric = 0; metric < batch.metrics.size(); ++metric) {
        SeriesDelta& series =
            batch.series.emplace_back(SeriesDelta{metric,
                                                  url,
                                                  {absl::ToUnixNanos(batch.begin), url},
                                                  Aggregate(batch.metrics[metric].type)});
        for (int i = 0; i < kValues; ++i) {
          const double value =
              metric == 0   ? 1
              : metric == 1 ? 0
                            : 1.5 + static_cast<double>(
                                        (number * 7 + url + static_cast<uint64_t>(i) * 13) % 97);
          series.aggregate.Add(value, batch.end);
        }
      }
    }
    return batch;
  }

  const int urls_;
  const uint64_t count_;
  std::map<uint64_t, std::string> encoded_;
};

class SimulatedAgent {
 public:
  SimulatedAgent(EpollLoop& loop, Logger& logger, Batches& batches, const std::string& coordinator,
                 int index, absl::AnyInvocable<void(uint64_t bytes)> on_end)
      : loop_(loop),
        batches_(batches),
        on_end_(std::move(on_end)),
        transport_(loop, coordinator, /*credentials=*/nullptr),
        session_(loop, transport_, logger,
                 {.coordinator = coordinator,
                  .version = kVersion,
                  .name = absl::StrCat("agent-", index),
                  .once = true,
                  .give_up_after = absl::Minutes(1)}) {
    session_.Open({.on_opened = [] {},
                   .on_message = [this](const v1::CoordinatorMessage& message) { Handle(message); },
                   .on_batch_ack = [](const v1::BatchAck&) {},
                   .on_resumed = [] {},
                   .on_lost =
                       [](const absl::Status& status) {
                         if (!status.ok()) {
                           fprintf(stderr, "lost: %s\n", std::string(status.message()).c_str());
                         }
                       },
                   .on_finished = [this](const absl::Status&) { on_end_(bytes_); }});
  }

 private:
  void Handle(const v1::CoordinatorMessage& message) {
    run_id_ = message.run_id();
    v1::AgentMessage answer;
    switch (message.body_case()) {
      case v1::CoordinatorMessage::kInspect:
        answer.mutable_inspected()->set_options_json(absl::StrCat(
            R"({"scenarios":{"s":{"executor":"constant-vus","vus":100000,"duration":")",
            batches_.count() + 5,
            R"(s"}},"thresholds":{"http_req_duration":["p(95)<500"],"http_req_failed":["rate<0.01"]}})"));
        answer.mutable_inspected()->add_exports("default");
        break;
      case v1::CoordinatorMessage::kAssign:
        deal_ = message.assign().deal();
        answer.mutable_assigned()->set_deal(deal_);
        break;
      case v1::CoordinatorMessage::kPrepare:
        answer.mutable_prepared()->set_vus(500);
        answer.mutable_prepared()->set_deal(deal_);
        break;
      case v1::CoordinatorMessage::kSetupData:
        answer.mutable_ready()->set_deal(deal_);
        break;
      case v1::CoordinatorMessage::kStart:
        loop_.After(absl::Seconds(1), [this] { SendNext(); });
        return;
      case v1::CoordinatorMessage::kGracefulStop:
      case v1::CoordinatorMessage::kStop:
        Drain();
        return;
      default:
        return;
    }
    session_.Send(run_id_, std::move(answer));
  }

  void SendNext() {
    if (drained_) {
      return;
    }
    v1::BatchMessage message;
    message.set_run_id(run_id_);
    message.set_number(++sent_);
    message.set_batch(batches_.Encoded(sent_));
    bytes_ += message.batch().size();
    session_.SendBatch(std::move(message));
    if (sent_ >= batches_.count()) {
      Drain();
      return;
    }
    v1::AgentMessage progress;
    progress.mutable_progress()->set_vus_active(500);
    progress.mutable_progress()->set_vus_initialised(500);
    v1::ScenarioProgress& scenario = *progress.mutable_progress()->add_scenarios();
    scenario.set_name("s");
    scenario.set_state(v1::ScenarioProgress::RUNNING);
    scenario.set_vus(500);
    session_.Send(run_id_, std::move(progress));
    loop_.After(absl::Seconds(1), [this] { SendNext(); });
  }

  void Drain() {
    if (!std::exchange(drained_, true)) {
      v1::AgentMessage message;
      message.mutable_drained()->set_last_batch(sent_);
      session_.Send(run_id_, std::move(message));
    }
  }

  EpollLoop& loop_;
  Batches& batches_;
  absl::AnyInvocable<void(uint64_t bytes)> on_end_;
  GrpcTransport transport_;
  Session session_;
  uint64_t run_id_ = 0;
  uint32_t deal_ = 0;  // of the work that it has been assigned
  uint64_t sent_ = 0;
  uint64_t bytes_ = 0;
  bool drained_ = false;
};

int Main(int argc, char** argv) {
  int agents = 0;
  int series = 0;
  int seconds = 0;
  if (argc != 5 || !absl::SimpleAtoi(argv[2], &agents) || !absl::SimpleAtoi(argv[3], &series) ||
      !absl::SimpleAtoi(argv[4], &seconds) || agents < 1 || series < 10 || seconds < 1) {
    fprintf(stderr, "usage: fleet_swarm COORDINATOR AGENTS SERIES SECONDS\n");
    return 2;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no thread reads it yet
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  EpollLoop loop;
  SilentLogger logger;
  Batches batches(series, static_cast<uint64_t>(seconds));
  int left = agents;
  uint64_t bytes = 0;
  std::vector<std::unique_ptr<SimulatedAgent>> swarm;
  for (int i = 1; i <= agents; ++i) {
    // One after another, as machines start.
    loop.After(absl::Milliseconds(10 * i), [&, i] {
      swarm.push_back(
          std::make_unique<SimulatedAgent>(loop, logger, batches, argv[1], i, [&](uint64_t sent) {
            bytes += sent;
            if (--left == 0) {
              loop.Stop();
            }
          }));
    });
  }
  loop.Run();
  printf("batches %d bytes %llu\n", agents * seconds, static_cast<unsigned long long>(bytes));
  fflush(nullptr);
  _Exit(0);
}

}  // namespace
}  // namespace lockstep::agent

int main(int argc, char** argv) {
  return lockstep::agent::Main(argc, argv);
}
