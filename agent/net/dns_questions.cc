#include "agent/net/dns_questions.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#define CARES_NO_DEPRECATED  // newer versions have other functions, older ones only these
#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "agent/http/domain_name.h"
#include "agent/net/dns_answers.h"
#include "agent/net/engine.h"
#include "agent/net/ip.h"
#include "agent/net/target.h"
#include "common/base/host_port.h"
#include "common/base/status_macros.h"
#include "common/base/timer.h"

namespace lockstep::agent {
namespace {

// Of one question to a server that the script has named.
constexpr absl::Duration kDnsPatience = absl::Seconds(5);
// Over TCP, where a server may end a connection under the questions that share it.
constexpr int kTcpTries = 3;
// The kernel keeps some 150 to 250 answers for a socket that nobody reads while scripts compute,
// and drops the others; a lookup has two.
constexpr size_t kMostOnOneSocket = 50;

// Questions that go the same way: to one server, or wherever the system asks. c-ares gives up all
// that waits for a server where one connection to it ends, so that UDP and TCP have a channel each.
class DnsChannel {
 public:
  using Done = DnsClient::Done;
  enum class Way { kUdp, kTcp, kSystem };

  // `server` is that of the first two ways.
  DnsChannel(Engine& engine, Way way, std::string server);
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  void Resolve(const std::string& name, DnsRecord record, Done done);
  void LookUp(const std::string& host, Done done);
  bool has_room() const {
    return waiting_ + (tcp_ == nullptr ? 0 : tcp_->waiting_) < kMostOnOneSocket;
  }

 private:
  struct Question {
    DnsChannel& channel;
    std::string name;
    DnsRecord record;
    Done done;
  };

  // Nullptr, and `done` is told: the channel cannot be used.
  Question* Begin(const std::string& name, DnsRecord record, Done done);
  // The answer had no room.
  void AskAgainOverTcp(Question* question);
  // c-ares has taken a question, or may have something to do.
  void AfterWork();
  static void Settle(void* question, absl::StatusOr<std::vector<std::string>> answer);
  static void OnSocket(void* channel, ares_socket_t fd, int readable, int writable);
  static void OnAnswer(void* question, int status, int timeouts, unsigned char* answer, int size);
  static void OnAddresses(void* question, int status, int timeouts, ares_addrinfo* found);

  Engine& engine_;
  const Way way_;
  const std::string server_;
  std::unique_ptr<DnsChannel> tcp_;  // for answers that UDP has no room for; null: there was none
  ares_channel ares_ = nullptr;
  int began_ = ARES_SUCCESS;  // ares_ is there
  size_t waiting_ = 0;
  bool ending_ = false;
  Timer timer_{engine_.loop()};
};

DnsChannel::DnsChannel(Engine& engine, Way way, std::string server)
    : engine_(engine), way_(way), server_(std::move(server)) {
  ares_options options{};
  int given = ARES_OPT_SOCK_STATE_CB;
  options.sock_state_cb = &DnsChannel::OnSocket;
  options.sock_state_cb_data = this;
  if (way_ != Way::kSystem) {
    // What the server says is what the script is told: nobody else is asked, and over UDP nothing
    // twice.
    given |= ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_FLAGS;
    options.timeout = static_cast<int>(absl::ToInt64Milliseconds(kDnsPatience));
    options.tries = way_ == Way::kTcp ? kTcpTries : 1;
    options.flags = ARES_FLAG_NOCHECKRESP | (way_ == Way::kTcp ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC);
  }
#ifdef ARES_OPT_QUERY_CACHE  // newer versions keep answers for an hour, unless they are told to keep them for no time
  given |= ARES_OPT_QUERY_CACHE;
  options.qcache_max_ttl = 0;
#endif
  began_ = ares_init_options(&ares_, &options, given);
  if (began_ == ARES_SUCCESS && way_ != Way::kSystem) {
    began_ = ares_set_servers_ports_csv(ares_, server_.c_str());
  }
}

DnsChannel::~DnsChannel() {
  ending_ = true;
  if (ares_ != nullptr) {
    ares_destroy(ares_);
  }
}

DnsChannel::Question* DnsChannel::Begin(const std::string& name, DnsRecord record, Done done) {
  if (began_ != ARES_SUCCESS) {
    done(DnsFailure(began_));
    return nullptr;
  }
  ++waiting_;
  return new Question{*this, name, record, std::move(done)};
}

void DnsChannel::Resolve(const std::string& name, DnsRecord record, Done done) {
  if (Question* const question = Begin(name, record, std::move(done))) {
    constexpr int kClassInternet = 1, kTypeA = 1, kTypeAaaa = 28;  // RFC 1035, RFC 3596
    ares_query(ares_, name.c_str(), kClassInternet, record == DnsRecord::kA ? kTypeA : kTypeAaaa,
               &DnsChannel::OnAnswer, question);
    AfterWork();
  }
}

void DnsChannel::LookUp(const std::string& host, Done done) {
  if (Question* const question = Begin(host, DnsRecord::kA, std::move(done))) {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    ares_getaddrinfo(ares_, host.c_str(), nullptr, &hints, &DnsChannel::OnAddresses, question);
    AfterWork();
  }
}

void DnsChannel::AfterWork() {
  timeval left{};
  if (ares_timeout(ares_, nullptr, &left) == nullptr) {
    timer_.Cancel();
    return;
  }
  timer_.After(absl::DurationFromTimeval(left), [this] {
    ares_process_fd(ares_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    AfterWork();
  });
}

void DnsChannel::OnSocket(void* channel, ares_socket_t fd, int readable, int writable) {
  auto& self = *static_cast<DnsChannel*>(channel);
  if (readable == 0 && writable == 0) {
    self.engine_.loop().Unwatch(fd);
    return;
  }
  const uint32_t events = (readable != 0 ? static_cast<uint32_t>(EPOLLIN) : 0U) |
                          (writable != 0 ? static_cast<uint32_t>(EPOLLOUT) : 0U);
  self.engine_.loop().Watch(fd, events, [&self, fd](uint32_t happened) {
    ares_process_fd(self.ares_,
                    (happened & ~static_cast<uint32_t>(EPOLLOUT)) != 0 ? fd : ARES_SOCKET_BAD,
                    (happened & EPOLLOUT) != 0 ? fd : ARES_SOCKET_BAD);
    self.AfterWork();
  });
}

void DnsChannel::Settle(void* question, absl::StatusOr<std::vector<std::string>> answer) {
  const std::unique_ptr<Question> owned(static_cast<Question*>(question));
  --owned->channel.waiting_;
  if (!owned->channel.ending_) {
    owned->done(std::move(answer));
  }
}

void DnsChannel::AskAgainOverTcp(Question* question) {
  const std::unique_ptr<Question> owned(question);
  --waiting_;
  if (ending_) {
    return;
  }
  if (tcp_ == nullptr) {
    tcp_ = std::make_unique<DnsChannel>(engine_, Way::kTcp, server_);
  }
  tcp_->Resolve(owned->name, owned->record, std::move(owned->done));
}

void DnsChannel::OnAnswer(void* question, int status, int /*timeouts*/, unsigned char* answer,
                          int size) {
  auto& asked = *static_cast<Question*>(question);
  constexpr int kFlags = 2, kCutOff = 2;  // RFC 1035, section 4.1.1
  if (asked.channel.way_ == Way::kUdp && size > kFlags && (answer[kFlags] & kCutOff) != 0) {
    asked.channel.AskAgainOverTcp(&asked);
  } else if (status == ARES_SUCCESS) {
    Settle(question, AddressesIn(answer, size, asked.record));
  } else if (status == ARES_ENODATA) {
    Settle(question, std::vector<std::string>());
  } else {
    Settle(question, DnsFailure(status));
  }
}

void DnsChannel::OnAddresses(void* question, int status, int /*timeouts*/, ares_addrinfo* found) {
  const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(found, &ares_freeaddrinfo);
  if (status != ARES_SUCCESS && IsLocalhost(static_cast<Question*>(question)->name)) {
    Settle(question, std::vector<std::string>{"127.0.0.1", "::1"});
    return;
  }
  if (status != ARES_SUCCESS) {
    const int told = status == ARES_ENODATA ? ARES_ENOTFOUND : status;
    Settle(question, DnsFailure(told));
    return;
  }
  std::vector<std::string> texts;
  for (const ares_addrinfo_node* node = found->nodes; node != nullptr; node = node->ai_next) {
    const void* const address =
        node->ai_family == AF_INET
            ? static_cast<const void*>(
                  &reinterpret_cast<const sockaddr_in*>(node->ai_addr)->sin_addr)
            : &reinterpret_cast<const sockaddr_in6*>(node->ai_addr)->sin6_addr;
    std::string text = TextOfAddress(node->ai_family, address);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) {
      texts.push_back(std::move(text));
    }
  }
  Settle(question, std::move(texts));
}

// The channels of one way, as many as it takes.
class DnsChannels {
 public:
  using Done = DnsClient::Done;

  DnsChannels(Engine& engine, DnsChannel::Way way, std::string server)
      : engine_(engine), way_(way), server_(std::move(server)) {}

  void Resolve(const std::string& name, DnsRecord record, Done done) {
    if (DnsChannel* const channel = FindRoom(done)) {
      channel->Resolve(name, record, std::move(done));
    }
  }
  void LookUp(const std::string& host, Done done) {
    if (DnsChannel* const channel = FindRoom(done)) {
      channel->LookUp(host, std::move(done));
    }
  }

 private:
  // Nullptr, and `done` is told: there is none.
  DnsChannel* FindRoom(Done& done) {
    for (const std::unique_ptr<DnsChannel>& each : channels_) {
      if (each->has_room()) {
        return each.get();
      }
    }
    if (channels_.size() * kMostOnOneSocket >= kMostDnsQuestions) {
      done(absl::ResourceExhaustedError(
          absl::StrCat(kMostDnsQuestions, " questions wait for this server's answers already")));
      return nullptr;
    }
    channels_.push_back(std::make_unique<DnsChannel>(engine_, way_, server_));
    return channels_.back().get();
  }

  Engine& engine_;
  const DnsChannel::Way way_;
  const std::string server_;
  std::vector<std::unique_ptr<DnsChannel>> channels_;
};

// "8.8.8.8:53" or "[::1]:53"; without a port, 53.
absl::StatusOr<std::pair<IpAddress, int>> ParseServer(absl::string_view text) {
  const auto wrong = absl::InvalidArgumentError(absl::StrCat(
      "nameserver: an address with a port is expected, such as 8.8.8.8:53 or [::1]:53, got \"",
      text, "\""));
  constexpr int kPort = 53;
  const HostAndPort parts = SplitHostPort(text);
  int port = kPort;
  const absl::StatusOr<IpAddress> ip = ParseIp(parts.host);
  if (!ip.ok() ||
      (parts.port && (!absl::SimpleAtoi(*parts.port, &port) || port < 1 || port > 65535))) {
    return wrong;
  }
  return std::make_pair(*ip, port);
}

// As name servers are asked for it; nothing where it is not a name.
std::optional<std::string> NameOnTheWire(const std::string& name) {
  if (name.find('\0') != std::string::npos) {
    return std::nullopt;
  }
  const bool ascii =
      std::all_of(name.begin(), name.end(), [](unsigned char byte) { return byte < 0x80; });
  return ascii ? name : DomainToAscii(name);
}

class DnsQuestions final : public DnsClient {
 public:
  explicit DnsQuestions(Engine& engine) : engine_(engine) {}

  void Resolve(const std::string& name, DnsRecord record, const std::string& server,
               Done done) override {
    const absl::StatusOr<std::string> address = AllowedServer(server);
    if (!address.ok()) {
      done(address.status());
      return;
    }
    auto channel = servers_.find(*address);
    if (channel == servers_.end()) {
      if (servers_.size() >= kMostDnsServers) {
        done(absl::ResourceExhaustedError(
            absl::StrCat("nameserver: ", kMostDnsServers, " others have been asked already")));
        return;
      }
      channel = servers_.try_emplace(*address, engine_, DnsChannel::Way::kUdp, *address).first;
    }
    if (const std::optional<std::string> asked = NameOnTheWire(name)) {
      channel->second.Resolve(*asked, record, std::move(done));
    } else {
      done(DnsFailure(ARES_EBADNAME));
    }
  }

  void LookUp(const std::string& host, Done done) override {
    if (!system_) {
      system_.emplace(engine_, DnsChannel::Way::kSystem, "");
    }
    if (const std::optional<std::string> asked = NameOnTheWire(host)) {
      system_->LookUp(*asked, std::move(done));
    } else {
      done(DnsFailure(ARES_EBADNAME));
    }
  }

 private:
  absl::StatusOr<std::string> AllowedServer(const std::string& server) const {
    LOCKSTEP_ASSIGN_OR_RETURN(const auto address, ParseServer(server));
    if (const HttpError refused = CheckAddress(engine_.network(), address.first);
        refused.code != 0) {
      return absl::PermissionDeniedError(refused.in_full());
    }
    return HostPort(address.first.ToString(), address.second);
  }

  Engine& engine_;
  std::map<std::string, DnsChannels> servers_;
  std::optional<DnsChannels> system_;
};

}  // namespace

std::unique_ptr<DnsClient> MakeDnsQuestions(Engine& engine) {
  return std::make_unique<DnsQuestions>(engine);
}

}  // namespace lockstep::agent
