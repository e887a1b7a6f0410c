#include "agent/js/k6/redis.h"

#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/promises.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"
#include "agent/js/k6/pending_promises.h"

namespace lockstep::agent {
namespace {

// Whether an error reply speaks of the server, or of who may use it, and not of the command: no
// other command would fare better.
bool SaysItCannotServe(absl::string_view error) {
  constexpr absl::string_view kCodes[] = {
      "BUSY",       "CLUSTERDOWN", "LOADING",  "MASTERDOWN", "MISCONF",    "NOAUTH",   "NOPERM",
      "NOREPLICAS", "OOM",         "READONLY", "TRYAGAIN",   "UNKILLABLE", "WRONGPASS"};
  const absl::string_view code = error.substr(0, error.find(' '));
  return absl::c_linear_search(kCodes, code) ||
         absl::StartsWith(error, "ERR max number of clients reached");
}

// A reply as scripts see it. An error among other elements, as a script of Redis may return it, is
// an Error.
v8::Local<v8::Value> ValueOf(Context context, const RespValue& reply) {
  v8::Isolate* isolate = context->GetIsolate();
  switch (reply.kind) {
    case RespValue::Kind::kNull:
      return v8::Null(isolate);
    case RespValue::Kind::kText:
      return JsText(isolate, reply.text);
    case RespValue::Kind::kError:
      return MakeError(isolate, "Error", reply.text);
    case RespValue::Kind::kInteger:
      return v8::Number::New(isolate, static_cast<double>(reply.integer));
    case RespValue::Kind::kArray:
      break;
  }
  return ArrayOf(context, reply.elements,
                 [context](const RespValue& element) { return ValueOf(context, element); });
}

// (options, is a URL)
void OpenClient(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  RedisModule& module = BoundTo<RedisModule>(info);
  const std::string text = TextArgument(info, 0);
  absl::StatusOr<RedisOptions> options =
      info[1]->IsTrue() ? ParseRedisUrl(text) : ParseRedisOptions(text);
  if (!options.ok()) {
    ThrowTypeError(isolate, absl::StrCat("redis: ", options.status().message()));
    return;
  }
  if (module.full()) {
    ThrowError(isolate, absl::StrCat("redis: this VU has made ", kMostRedisClients,
                                     " clients already; make one in the init code and keep it"));
    return;
  }
  info.GetReturnValue().Set(static_cast<double>(module.Open(*std::move(options))));
}

// (client, words, index of the key)
void NativeCommand(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  RedisModule& module = BoundTo<RedisModule>(info);
  if (module.vu().in_init()) {
    ThrowError(isolate, "redis: commands in the init context are not supported");
    return;
  }
  const v8::Local<v8::Array> words = info[1].As<v8::Array>();
  RedisClient::Command command;
  for (uint32_t i = 0; i < words->Length(); ++i) {
    v8::Local<v8::Value> word;
    if (!words->Get(context, i).ToLocal(&word)) {
      return;
    }
    command.push_back(TextOf(isolate, word.As<v8::String>()));
  }
  std::optional<size_t> key;
  if (info[2]->IsNumber() && info[2].As<v8::Number>()->Value() < words->Length()) {
    key = NumberArgument(info, 2);
  }
  module.Do(info, NumberArgument(info, 0), std::move(command), key);
}

}  // namespace

RedisModule::RedisModule(ApiVu& vu, StreamClient& streams)
    : vu_(vu),
      env_{
          .streams = streams,
          .pool = vu.connections(),
          .loop = vu.loop(),
          .count_bytes = [&vu](int64_t sent, int64_t received) { vu.CountBytes(sent, received); }} {
}

RedisModule::~RedisModule() = default;

void RedisModule::EndIteration() {
  for (auto& [number, opened] : clients_) {
    if (opened.waiting > 0 || !opened.in_init) {
      opened.client->Close();
      opened.waiting = 0;
    }
  }
}

uint64_t RedisModule::Open(RedisOptions options) {
  const uint64_t number = ++last_;
  const StreamTarget& server = options.servers.front();
  const bool ipv6 = absl::StrContains(server.host, ":");
  std::string shown = absl::StrCat(ipv6 ? "[" : "", server.host, ipv6 ? "]:" : ":", server.port);
  clients_[number] = {.client = std::make_unique<RedisClient>(env_, std::move(options)),
                      .shown = std::move(shown),
                      .in_init = vu_.in_init()};
  return number;
}

void RedisModule::Do(const Info& info, uint64_t client, RedisClient::Command command,
                     std::optional<size_t> key) {
  const auto settle = vu_.promises().Begin(info);
  if (!settle) {
    return;
  }
  Opened& opened = clients_.at(client);
  ++opened.waiting;
  opened.client->Do(
      std::move(command), key, [this, &opened, settle = *settle](absl::StatusOr<RespValue> reply) {
        // Where an iteration has ended, this one was forgotten.
        opened.waiting -= opened.waiting > 0 ? 1 : 0;
        bool served = reply.ok();
        if (reply.ok() && reply->kind == RespValue::Kind::kError) {
          served = !SaysItCannotServe(reply->text);
          reply = absl::UnknownError(reply->text);
        }
        // An answer of a server that serves is the script's: caught, it may be what was wanted, and
        // otherwise it fails the iteration.
        if (!served) {
          vu_.AddError(reply.status().message(), "REDIS", opened.shown);
        }
        if (reply.ok()) {
          settle(ResolveWith(
              [reply = *std::move(reply)](Context context) { return ValueOf(context, reply); }));
        } else {
          settle(RejectWith(absl::UnknownError(reply.status().message())));
        }
      });
}

v8::Local<v8::Object> RedisModule::MakeExports(Context context) {
  const v8::Local<v8::Object> native =
      NativeObject(context, {{"open", OpenClient}, {"command", NativeCommand}},
                   v8::External::New(context->GetIsolate(), this));
  AddPart(context, native, "bindMethods", "k6/bound_methods.js");
  return ExportsOf(context, "k6/redis.js", native);
}

}  // namespace lockstep::agent
