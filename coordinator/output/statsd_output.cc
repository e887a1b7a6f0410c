#include "coordinator/output/statsd_output.h"

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/host_port.h"
#include "common/base/number_text.h"
#include "common/base/status_macros.h"
#include "common/base/system_lookup.h"
#include "coordinator/output/sink_settings.h"

namespace lockstep::coordinator {
namespace {

// Parts of names and tags: what has a meaning in a line becomes "_".
std::string Clean(absl::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (absl::string_view(":|@#,").find(c) != absl::string_view::npos ||
        absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      c = '_';
    }
  }
  return clean;
}

std::string TagsText(const StatsdConfig& config, const TagList& tags) {
  std::string text;
  if (config.tags) {
    for (const auto& [key, value] : tags) {
      const absl::string_view name = TagName(key);
      if (!value.empty() && !config.without.contains(name)) {
        absl::StrAppend(&text, text.empty() ? "|#" : ",", Clean(name), ":", Clean(value));
      }
    }
  }
  return text;
}

absl::StatusOr<Addresses> AddressesOf(const std::string& address) {
  constexpr int kMostPort = 65535;  // of a larger one, the system would take the remainder
  const HostAndPort parts = SplitHostPort(address);
  const std::string host(parts.host);
  const std::string port(parts.port.value_or("8125"));
  int number = 0;
  if (host.empty() || !absl::SimpleAtoi(port, &number) || number < 1 || number > kMostPort) {
    return absl::InvalidArgumentError(absl::StrCat("invalid value \"", address,
                                                   "\": expected HOST or HOST:PORT, with a PORT "
                                                   "from 1 to 65535"));
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  Addresses found;
  const int error = SystemLookup(host, port, hints, found);
  return error == 0
             ? absl::StatusOr<Addresses>(std::move(found))
             : absl::InvalidArgumentError(absl::StrCat(
                   "\"", address, "\" is not a HOST:PORT that is known: ", gai_strerror(error)));
}

class StatsdOutput final : public Output {
 public:
  // `place`: what messages about the address begin with.
  StatsdOutput(std::string address, StatsdConfig config, std::string place)
      : address_(std::move(address)), config_(std::move(config)), place_(std::move(place)) {}
  ~StatsdOutput() override {
    if (socket_ >= 0) {
      close(socket_);
    }
  }
  StatsdOutput(const StatsdOutput&) = delete;
  StatsdOutput& operator=(const StatsdOutput&) = delete;

  std::string Description() const override { return absl::StrCat("statsd (", address_, ")"); }
  bool wants_points() const override { return true; }

  absl::Status Check() const override {
    const absl::Status known = AddressesOf(address_).status();
    return known.ok() ? known : absl::InvalidArgumentError(absl::StrCat(place_, known.message()));
  }

  absl::Status Start() override {
    LOCKSTEP_RETURN_IF_ERROR(Check());
    LOCKSTEP_ASSIGN_OR_RETURN(const Addresses found, AddressesOf(address_));
    for (const addrinfo* each = found.get(); each != nullptr && socket_ < 0; each = each->ai_next) {
      socket_ = socket(each->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (socket_ >= 0 && connect(socket_, each->ai_addr, each->ai_addrlen) != 0) {
        close(std::exchange(socket_, -1));
      }
    }
    return socket_ >= 0 ? absl::OkStatus()
                        : absl::UnavailableError(absl::StrCat("cannot send to ", address_));
  }

  void Write(const Batch& batch) override {
    for (StatsdLine& line : StatsdLines(config_, batch)) {
      if (!packet_.empty() && packet_.size() + 1 + line.text.size() > kPacketBytes) {
        Flush();
      }
      absl::StrAppend(&packet_, packet_.empty() ? "" : "\n", line.text);
      packet_samples_ += line.samples;
    }
  }

  void Flush() override {
    if (packet_.empty()) {
      return;
    }
    if (send(socket_, packet_.data(), packet_.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
      sent_ += packet_samples_;
      last_packet_samples_ = packet_samples_;
    } else {
      lost_ += packet_samples_;
      last_error_ = errno;
    }
    packet_.clear();
    packet_samples_ = 0;
  }

  absl::Status Stop() override {
    Flush();
    ReadError();
    return absl::OkStatus();
  }

  std::optional<std::string> Lost() const override {
    std::vector<std::string> losses;
    if (lost_ > 0) {
      // The system tells of a datagram that nobody took when the next one is to be sent, or when it
      // is asked, and then for one of them alone.
      losses.push_back(
          absl::StrCat("at least ", lost_, " of ", lost_ + sent_,
                       " samples were lost: ", std::generic_category().message(last_error_)));
    }
    if (lost_before_ > 0) {
      losses.push_back(LostBeforeText(lost_before_));
    }
    return losses.empty()
               ? std::nullopt
               : std::make_optional(absl::StrCat(Description(), ": ", absl::StrJoin(losses, "; ")));
  }
  std::optional<int64_t> Written() const override {
    return lost_before_ + static_cast<int64_t>(lost_);
  }
  void LostBefore(int64_t samples) override { lost_before_ = samples; }

 private:
  // Whether nobody took the last datagram, if that is known soon: on this machine it is at once.
  void ReadError() {
    constexpr int kPatienceMillis = 50;
    pollfd waiting{.fd = socket_, .events = 0, .revents = 0};
    int error = 0;
    socklen_t size = sizeof(error);
    if (poll(&waiting, 1, last_packet_samples_ > 0 ? kPatienceMillis : 0) > 0 &&
        getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
      lost_ += last_packet_samples_;
      sent_ -= last_packet_samples_;
      last_error_ = error;
    }
  }

  // What fits into one packet on any usual network.
  static constexpr size_t kPacketBytes = 1400;

  const std::string address_;
  const StatsdConfig config_;
  const std::string place_;
  int socket_ = -1;
  std::string packet_;
  uint64_t packet_samples_ = 0;
  uint64_t last_packet_samples_ = 0;  // of the last one that was sent
  uint64_t sent_ = 0;
  uint64_t lost_ = 0;
  int last_error_ = 0;
  int64_t lost_before_ = 0;
};

}  // namespace

std::vector<StatsdLine> StatsdLines(const StatsdConfig& config, const Batch& batch) {
  std::vector<StatsdLine> lines;
  std::vector<std::string> tags;
  for (const TagList& set : batch.tag_sets) {
    tags.push_back(TagsText(config, set));
  }
  const auto add = [&](const std::string& name, double value, const char* kind, uint32_t tag_set,
                       uint64_t samples) {
    lines.push_back({.text = absl::StrCat(config.prefix, name, ":", ShortestNumber(value), "|",
                                          kind, tags[tag_set]),
                     .samples = samples});
  };
  for (const SeriesDelta& delta : batch.series) {
    const Metric& metric = batch.metrics[delta.metric];
    const std::string* check = FindTag(batch.tag_sets[delta.tag_set], "check");
    switch (metric.type) {
      case MetricType::kCounter:
        add(metric.name, delta.aggregate.counter().sum(), "c", delta.tag_set,
            delta.aggregate.count());
        break;
      case MetricType::kGauge: {
        const double value = delta.aggregate.gauge().last;
        add(metric.name, value, "g", delta.tag_set, delta.aggregate.count());
        if (value < 0) {
          // A sign changes a gauge by the value, instead of setting it, unless it is 0 (StatsD's
          // "Metric types"): in one datagram, so that nothing comes in between.
          const StatsdLine negative = std::move(lines.back());
          lines.pop_back();
          add(metric.name, 0, "g", delta.tag_set, delta.aggregate.count());
          absl::StrAppend(&lines.back().text, "\n", negative.text);
        }
        break;
      }
      case MetricType::kRate: {
        const Rate& rate = delta.aggregate.rate();
        if (check == nullptr || check->empty()) {
          add(metric.name, static_cast<double>(rate.trues), "c", delta.tag_set, rate.total);
          break;
        }
        const std::string name = absl::StrCat("check.", Clean(*check));
        for (const auto& [how, count] :
             {std::pair(".pass", rate.trues), std::pair(".fail", rate.total - rate.trues)}) {
          if (count > 0) {
            add(name + how, static_cast<double>(count), "c", delta.tag_set, count);
          }
        }
        break;
      }
      case MetricType::kTrend:
        break;  // sample by sample, below
    }
  }
  for (const Point& point : batch.points) {
    if (batch.metrics[point.metric].type == MetricType::kTrend) {
      add(batch.metrics[point.metric].name, point.value, "ms", point.tag_set, 1);
    }
  }
  return lines;
}

MadeOutput MakeStatsdOutput(absl::string_view argument, const OutputContext& context) {
  SinkSettings settings(context, "STATSD");
  StatsdConfig config;
  config.prefix = settings.Text("NAMESPACE", config.prefix);
  config.tags = settings.Bool("ENABLE_TAGS", false);
  const std::vector<std::string> without = settings.List("TAG_BLOCKLIST", {"vu", "iter", "url"});
  config.without = {without.begin(), without.end()};
  settings.Int("BUFFER_SIZE", 20, 1);
  settings.Duration("PUSH_INTERVAL", absl::Seconds(1));
  std::string address = settings.Address(argument, "ADDR", "localhost:8125");
  LOCKSTEP_RETURN_IF_ERROR(settings.status());
  return std::make_unique<StatsdOutput>(std::move(address), std::move(config),
                                        settings.address_place());
}

}  // namespace lockstep::coordinator
