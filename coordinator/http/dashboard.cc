#include "coordinator/http/dashboard.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/host_port.h"
#include "common/base/json_text.h"
#include "coordinator/page/page.h"

namespace lockstep::coordinator {
namespace {

using nlohmann::json;

// Of everything that is served.
const std::vector<std::pair<std::string, std::string>>& CommonHeaders() {
  static const std::vector<std::pair<std::string, std::string>> headers = {
      {"Content-Security-Policy", kPagePolicy},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Cache-Control", "no-store"}};
  return headers;
}

WebResponse Plain(int status, std::string text) {
  return {.status = status, .body = std::move(text) + "\n"};
}

WebStream::Piece Event(absl::string_view name, const json& data) {
  return std::make_shared<const std::string>(
      absl::StrCat("event: ", name, "\ndata: ", JsonText(data), "\n\n"));
}

// In a time that does not depend on where they differ.
bool IsSame(absl::string_view a, absl::string_view b) {
  unsigned char differs = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    differs = static_cast<unsigned char>(differs | (a[i] ^ b[i]));
  }
  return differs == 0;
}

}  // namespace

Dashboard::Dashboard(DashboardSource& source, RunControl& control, Settings settings)
    : source_(source), control_(control), settings_(std::move(settings)) {}

Dashboard::~Dashboard() {
  End();
}

WebResponse Dashboard::Answer(const WebRequest& request) {
  WebResponse response =
      IsWelcome(request.host)
          ? (absl::StartsWith(request.path, "/api/") ? Command(request) : Page(request))
          : Plain(403, absl::StrCat("this dashboard is not at ", request.host));
  response.headers.insert(response.headers.end(), CommonHeaders().begin(), CommonHeaders().end());
  return response;
}

bool Dashboard::IsWelcome(const std::string& host) const {
  const absl::string_view name = SplitHostPort(host).host;
  return settings_.hosts.empty() || std::any_of(settings_.hosts.begin(), settings_.hosts.end(),
                                                [name](const std::string& each) {
                                                  return absl::EqualsIgnoreCase(each, name);
                                                });
}

WebResponse Dashboard::Page(const WebRequest& request) {
  if (request.method != "GET") {
    return Plain(405, absl::StrCat(request.path, ": ", request.method, " is not possible; GET is"));
  }
  if (request.path == "/") {
    return {.content_type = "text/html; charset=utf-8",
            .body = RenderLivePage(source_.Model(UINT64_MAX))};
  }
  if (request.path == "/app.js") {
    return {.content_type = "text/javascript; charset=utf-8", .body = PageScript()};
  }
  if (request.path == "/app.css") {
    return {.content_type = "text/css; charset=utf-8", .body = PageCss()};
  }
  if (request.path == "/report.html") {
    return {.content_type = "text/html; charset=utf-8",
            .body = RenderReport(source_.Model(0), std::nullopt),
            .headers = {{"Content-Disposition", "attachment; filename=\"report.html\""}}};
  }
  return request.path == "/events" ? Listen()
                                   : Plain(404, absl::StrCat("there is no ", request.path));
}

WebResponse Dashboard::Listen() {
  ForgetGone();
  if (streams_.size() >= kMostPages) {
    return Plain(503, absl::StrCat("there are ", kMostPages, " pages already"));
  }
  if (snapshot_ == nullptr) {
    snapshot_ = Event("snapshot", PageEvent(source_.Model(0)));
  }
  auto stream = std::make_shared<WebStream>();
  stream->Push(snapshot_);
  streams_.push_back(stream);
  return {.content_type = "text/event-stream", .stream = std::move(stream)};
}

void Dashboard::Tick() {
  snapshot_ = nullptr;
  ForgetGone();
  if (streams_.empty()) {
    return;
  }
  json event = PageEvent(source_.Model(source_.TakeChanged()));
  std::map<std::string, std::string> panels = event["panels"];
  for (const auto& [name, html] : panels) {
    if (const auto told = told_.find(name); told != told_.end() && told->second == html) {
      event["panels"].erase(name);
    }
  }
  told_ = std::move(panels);
  const WebStream::Piece piece = Event("tick", event);
  for (const std::shared_ptr<WebStream>& stream : streams_) {
    stream->Push(piece);
  }
}

void Dashboard::ForgetGone() {
  std::erase_if(streams_, [this](const std::shared_ptr<WebStream>& stream) {
    overran_ += stream->overran() ? 1 : 0;
    return !stream->open();
  });
}

void Dashboard::End() {
  Tick();
  for (const std::shared_ptr<WebStream>& stream : streams_) {
    stream->End();
  }
  streams_.clear();
}

size_t Dashboard::pages() const {
  return static_cast<size_t>(
      std::count_if(streams_.begin(), streams_.end(),
                    [](const std::shared_ptr<WebStream>& stream) { return stream->open(); }));
}

WebResponse Dashboard::Command(const WebRequest& request) {
  if (request.method != "POST") {
    return Plain(405,
                 absl::StrCat(request.path, ": ", request.method, " is not possible; POST is"));
  }
  absl::string_view token = request.authorization;
  if (settings_.token.empty() || !absl::ConsumePrefix(&token, "Bearer ") ||
      !IsSame(token, settings_.token)) {
    return Plain(401, "This needs the token that the coordinator's terminal shows.");
  }
  const absl::Status carried =
      Carry(request.path.substr(std::string("/api/").size()), request.body);
  if (!carried.ok()) {
    return Plain(absl::IsInvalidArgument(carried) ? 400
                 : absl::IsNotFound(carried)      ? 404
                                                  : 409,
                 std::string(carried.message()));
  }
  Tick();  // whoever has asked sees what came of it
  return {.status = 204};
}

absl::Status Dashboard::Carry(const std::string& verb, const std::string& body) {
  if (verb == "check") {
    return absl::OkStatus();
  }
  if (verb == "pause") {
    return control_.Pause();
  }
  if (verb == "resume") {
    return control_.Resume();
  }
  if (verb == "stop") {
    return control_.Stop(Stopping::kGracefully);
  }
  if (verb != "scale") {
    return absl::NotFoundError(absl::StrCat("there is no /api/", verb));
  }
  const json wanted = json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto refused = [](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": the body must be JSON like {\"vus\":5,\"maxVUs\":10}"));
  };
  if (!wanted.is_object()) {
    return refused("scale");
  }
  if (wanted.empty()) {
    return refused("scale: neither vus nor maxVUs is given");
  }
  int64_t vus = -1, max_vus = -1;
  for (const auto& [name, value] : wanted.items()) {
    int64_t* const total = name == "vus" ? &vus : name == "maxVUs" ? &max_vus : nullptr;
    if (total == nullptr) {
      return refused(absl::StrCat(name, " is neither vus nor maxVUs"));
    }
    if (!value.is_number_integer()) {
      return refused(name);
    }
    *total = value.get<int64_t>();
  }
  return control_.Scale(vus, max_vus);
}

}  // namespace lockstep::coordinator
