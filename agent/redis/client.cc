#include "agent/redis/client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lockstep::agent {
namespace {

using Kind = RespValue::Kind;

RedisNode NodeOf(const StreamTarget& server) {
  return {.host = server.host, .port = server.port};
}

// What a connection says before anything else.
std::vector<RedisConnection::Command> Greeting(const RedisOptions& options, bool sentinel) {
  std::vector<RedisConnection::Command> greeting;
  const std::string& user = sentinel ? options.sentinel_username : options.username;
  const std::string& password = sentinel ? options.sentinel_password : options.password;
  if (!password.empty()) {
    greeting.push_back(user.empty() ? RedisConnection::Command{"AUTH", password}
                                    : RedisConnection::Command{"AUTH", user, password});
  }
  if (options.database > 0 && !options.cluster && !sentinel) {
    greeting.push_back({"SELECT", absl::StrCat(options.database)});
  }
  if (!options.client_name.empty()) {
    greeting.push_back({"CLIENT", "SETNAME", options.client_name});
  }
  return greeting;
}

}  // namespace

RedisClient::RedisClient(RedisEnv& env, RedisOptions options)
    : env_(env), options_(std::move(options)) {}

RedisClient::~RedisClient() = default;

void RedisClient::Close() {
  connections_.clear();
  learning_.clear();
  master_.reset();
  slots_.reset();
}

RedisConnection& RedisClient::ConnectionTo(const RedisNode& node, bool sentinel) {
  std::unique_ptr<RedisConnection>& connection =
      connections_[absl::StrCat(sentinel ? "sentinel " : "", node.host, ":", node.port)];
  if (connection == nullptr) {
    RedisConnection::Settings settings{.target = options_.servers.front(),
                                       .greeting = Greeting(options_, sentinel),
                                       .read_timeout = options_.read_timeout};
    settings.target.host = node.host;
    settings.target.port = node.port;
    connection = std::make_unique<RedisConnection>(env_, std::move(settings));
  }
  return *connection;
}

void RedisClient::SendTo(const RedisNode& node, bool sentinel, const Command& command, Done done) {
  // Shared, as it is somebody else's only once the command is on its way.
  const auto kept = std::make_shared<Done>(std::move(done));
  const absl::Status sent =
      ConnectionTo(node, sentinel).Send(command, [kept](absl::StatusOr<RespValue> reply) {
        (*kept)(std::move(reply));
      });
  if (!sent.ok()) {
    env_.loop.Post([kept, sent, here = std::weak_ptr<bool>(here_)] {
      if (!here.expired()) {
        (*kept)(sent);
      }
    });
  }
}

void RedisClient::Do(Command command, std::optional<size_t> key, Done done) {
  Route(std::make_shared<Call>(
      Call{.command = std::move(command), .key = key, .done = std::move(done)}));
}

void RedisClient::Route(const CallPointer& call) {
  if (options_.cluster) {
    if (!slots_.has_value()) {
      learning_.push_back(call);
      if (learning_.size() == 1) {
        Learn(0);
      }
      return;
    }
    const RedisNode* node =
        call->key.has_value() ? slots_->Find(SlotOf(call->command[*call->key])) : slots_->First();
    // A copy, as the map may change before the command is sent.
    const RedisNode to = node == nullptr ? NodeOf(options_.servers.front()) : *node;
    SendTo(to, false, call->command,
           [this, call](absl::StatusOr<RespValue> reply) { OnReply(call, std::move(reply)); });
    return;
  }
  if (options_.master_name.empty()) {
    SendTo(NodeOf(options_.servers.front()), false, call->command, std::move(call->done));
    return;
  }
  if (!master_.has_value()) {
    learning_.push_back(call);
    if (learning_.size() == 1) {
      Learn(0);
    }
    return;
  }
  SendTo(*master_, false, call->command, [this, call](absl::StatusOr<RespValue> reply) {
    if (!reply.ok()) {
      master_.reset();  // there may be another one by now
    }
    call->done(std::move(reply));
  });
}

void RedisClient::Learn(size_t from) {
  const Command question =
      options_.cluster ? Command{"CLUSTER", "SLOTS"}
                       : Command{"SENTINEL", "get-master-addr-by-name", options_.master_name};
  SendTo(NodeOf(options_.servers[from]), !options_.cluster, question,
         [this, from](const absl::StatusOr<RespValue>& reply) {
           const absl::Status status = TakeLesson(reply, from);
           if (!status.ok() && from + 1 < options_.servers.size()) {
             Learn(from + 1);
           } else {
             Learned(status);
           }
         });
}

absl::Status RedisClient::TakeLesson(const absl::StatusOr<RespValue>& reply, size_t from) {
  if (!reply.ok()) {
    return reply.status();
  }
  if (reply->kind == Kind::kError) {
    return absl::UnavailableError(reply->text);
  }
  if (options_.cluster) {
    absl::StatusOr<SlotMap> slots = SlotMap::Parse(*reply, options_.servers[from].host);
    if (!slots.ok()) {
      return slots.status();
    }
    if (slots->First() == nullptr) {
      return absl::UnavailableError("redis: the cluster has no slots yet");
    }
    slots_ = *std::move(slots);
    return absl::OkStatus();
  }
  if (reply->elements.size() != 2) {
    return absl::UnavailableError(
        absl::StrCat("redis: the sentinels know no master \"", options_.master_name, "\""));
  }
  master_ = ParseNode(absl::StrCat(reply->elements[0].text, ":", reply->elements[1].text), "");
  return master_.has_value()
             ? absl::OkStatus()
             : absl::UnavailableError("redis: the sentinel's answer is not an address");
}

void RedisClient::Learned(const absl::Status& status) {
  for (const CallPointer& call : std::exchange(learning_, {})) {
    if (status.ok()) {
      Route(call);
    } else {
      call->done(status);
    }
  }
}

void RedisClient::OnReply(const CallPointer& call, absl::StatusOr<RespValue> reply) {
  if (!reply.ok()) {
    slots_.reset();  // its slots may be others' by now
  } else if (reply->kind == Kind::kError && Redirect(call, *reply)) {
    return;
  }
  call->done(std::move(reply));
}

bool RedisClient::Redirect(const CallPointer& call, const RespValue& reply) {
  // "MOVED 3999 host:port", from now on; "ASK 3999 host:port", this time.
  const std::vector<std::string> words = absl::StrSplit(reply.text, ' ');
  const bool moved = words[0] == "MOVED";
  if (words.size() < 3 || (!moved && words[0] != "ASK") || !call->key.has_value()) {
    return false;
  }
  const std::optional<RedisNode> node = ParseNode(words[2], options_.servers.front().host);
  if (!node.has_value() || call->redirects++ >= options_.max_redirects) {
    return false;
  }
  if (moved && slots_.has_value()) {
    slots_->Set(SlotOf(call->command[*call->key]), *node);
  }
  if (!moved) {
    SendTo(*node, false, {"ASKING"}, [](const absl::StatusOr<RespValue>&) {});
  }
  SendTo(*node, false, call->command,
         [this, call](absl::StatusOr<RespValue> next) { OnReply(call, std::move(next)); });
  return true;
}

}  // namespace lockstep::agent
