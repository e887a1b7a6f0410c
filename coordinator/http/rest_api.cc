#include "coordinator/http/rest_api.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

#include "common/base/json_text.h"
#include "common/messages/words.h"
#include "common/web/prometheus_text.h"
#include "coordinator/http/metrics_page.h"

namespace lockstep::coordinator {
namespace {

using nlohmann::json;

WebResponse Json(int status, const json& body) {
  return {.status = status,
          .content_type = "application/json; charset=utf-8",
          .body = JsonText(body) + "\n"};
}

WebResponse Error(int status, absl::string_view title, absl::string_view detail) {
  return Json(status, {{"errors",
                        {{{"status", absl::StrCat(status)},
                          {"title", std::string(title)},
                          {"detail", std::string(detail)}}}}});
}

WebResponse Error(absl::string_view title, const absl::Status& why) {
  return Error(absl::IsInvalidArgument(why) ? 400 : 409, title, why.message());
}

WebResponse NotAllowed(const WebRequest& request, absl::string_view allowed) {
  return Error(
      405, "Method Not Allowed",
      absl::StrCat(request.path, ": ", request.method, " is not possible; ", allowed, " is"));
}

// ---- /v1/status ----

// k6's numbers for the states of a run.
int StatusNumber(const v1::RunStatus& status) {
  switch (status.state()) {
    case v1::RunStatus::PREPARING:
      return status.paused() ? 4 : 1;
    case v1::RunStatus::READY_BARRIER:
      return status.paused() ? 4 : 5;
    case v1::RunStatus::SETUP:
      return 6;
    case v1::RunStatus::RUNNING:
    case v1::RunStatus::DRAINING:
      return 7;
    case v1::RunStatus::TEARDOWN:
      return 8;
    case v1::RunStatus::SUMMARISING:
    case v1::RunStatus::DONE:
      return 9;
    default:
      return 0;
  }
}

WebResponse StatusAnswer(const RunControl& control) {
  const v1::RunStatus status = control.Snapshot();
  bool tainted = false;
  for (const v1::ThresholdStatus& threshold : status.thresholds()) {
    tainted = tainted || threshold.verdict() == v1::ThresholdStatus::FAILING;
  }
  const bool running = StatusNumber(status) == 7;
  return Json(200, {{"data",
                     {{"type", "status"},
                      {"id", "default"},
                      {"attributes",
                       {{"status", StatusNumber(status)},
                        {"paused", status.paused()},
                        {"vus", status.vus()},
                        {"vus-max", status.vus_max()},
                        {"stopped", !status.stop_reason().empty()},
                        {"running", running},
                        {"tainted", tainted}}}}}});
}

struct Patch {
  std::optional<bool> paused;
  bool stopped = false;
  int64_t vus = -1;
  int64_t vus_max = -1;
};

// Reads a body of {"data": {"attributes": {...}}}. Attributes that are null or not known change
// nothing.
absl::StatusOr<Patch> ReadPatch(const std::string& body) {
  const json parsed = json::parse(body, nullptr, /*allow_exceptions=*/false);
  const json* attributes = &parsed;
  for (const char* key : {"data", "attributes"}) {
    if (!attributes->is_object() || !attributes->contains(key)) {
      return absl::InvalidArgumentError(
          "the body must be JSON like {\"data\":{\"attributes\":{\"paused\":true}}}");
    }
    attributes = &(*attributes)[key];
  }
  if (!attributes->is_object()) {
    return absl::InvalidArgumentError("data.attributes: must be an object");
  }
  Patch patch;
  std::string wrong;
  for (const auto& [key, value] : attributes->items()) {
    const bool is_flag = key == "paused" || key == "stopped";
    const bool is_count = key == "vus" || key == "vus-max";
    if (value.is_null() || (!is_flag && !is_count)) {
      continue;
    }
    if (is_flag ? !value.is_boolean() : !value.is_number_integer() || value.get<int64_t>() < 0) {
      absl::StrAppend(&wrong, wrong.empty() ? "" : "; ", key, ": must be ",
                      is_flag ? "true, false or null" : "an integer, at least 0, or null", ", got ",
                      value.dump());
    } else if (key == "paused") {
      patch.paused = value.get<bool>();
    } else if (key == "stopped") {
      patch.stopped = value.get<bool>();
    } else {
      (key == "vus" ? patch.vus : patch.vus_max) = value.get<int64_t>();
    }
  }
  if (!wrong.empty()) {
    return absl::InvalidArgumentError(wrong);
  }
  return patch;
}

// Both changes or none. k6's tools send back all attributes that they have read, so what is so
// already is not a change.
WebResponse ChangeStatus(const WebRequest& request, RunControl& control) {
  const absl::StatusOr<Patch> patch = ReadPatch(request.body);
  if (!patch.ok()) {
    return Error("Invalid data", patch.status());
  }
  if (patch->stopped) {
    const absl::Status stopped = control.Stop(Stopping::kGracefully);
    return stopped.ok() ? StatusAnswer(control) : Error("Stop error", stopped);
  }
  const v1::RunStatus before = control.Snapshot();
  const bool turns = patch->paused.has_value() && *patch->paused != before.paused();
  if (turns) {
    const absl::Status turned = *patch->paused ? control.Pause() : control.Resume();
    if (!turned.ok()) {
      return Error("Pause error", turned);
    }
  }
  const int64_t vus = patch->vus == before.vus() ? -1 : patch->vus;
  const int64_t vus_max = patch->vus_max == before.vus_max() ? -1 : patch->vus_max;
  if (vus >= 0 || vus_max >= 0) {
    if (const absl::Status scaled = control.Scale(vus, vus_max); !scaled.ok()) {
      if (turns) {
        static_cast<void>(*patch->paused ? control.Resume() : control.Pause());
      }
      return Error("Scale error", scaled);
    }
  }
  return StatusAnswer(control);
}

// ---- /v1/metrics ----

json MetricJson(const v1::MetricStatus& metric, const v1::RunStatus& status) {
  json tainted = nullptr;
  for (const v1::ThresholdStatus& threshold : status.thresholds()) {
    if (threshold.metric() == metric.key()) {
      tainted = (tainted.is_boolean() && tainted.get<bool>()) ||
                threshold.verdict() == v1::ThresholdStatus::FAILING;
    }
  }
  json sample = json::object();
  for (const auto& [name, value] : metric.values()) {
    sample[name] = value;
  }
  return {{"type", "metrics"},
          {"id", metric.key()},
          {"attributes",
           {{"type", WordOf(metric.type())},
            {"contains", WordOf(metric.contains())},
            {"tainted", tainted},
            {"sample", std::move(sample)}}}};
}

WebResponse AnswerMetrics(absl::string_view id, const RunControl& control) {
  const v1::RunStatus status = control.Snapshot();
  json all = json::array();
  for (const v1::MetricStatus& metric : status.metrics()) {
    if (id.empty()) {
      all.push_back(MetricJson(metric, status));
    } else if (metric.key() == id) {
      return Json(200, {{"data", MetricJson(metric, status)}});
    }
  }
  return id.empty() ? Json(200, {{"data", std::move(all)}})
                    : Error(404, "Not Found", "No metric with that ID was found");
}

// ---- /v1/groups ----

json Reference(const SummaryGroup& group) {
  return {{"type", "groups"}, {"id", SummaryId(group.path)}};
}

json GroupJson(const SummaryGroup& group, const SummaryGroup* parent) {
  json checks = json::array();
  for (const SummaryCheck& check : group.checks) {
    checks.push_back({{"id", SummaryId(check.path)},
                      {"name", check.name},
                      {"path", check.path},
                      {"passes", check.passes},
                      {"fails", check.fails}});
  }
  json children = json::array();
  for (const SummaryGroup& child : group.groups) {
    children.push_back(Reference(child));
  }
  return {
      {"type", "groups"},
      {"id", SummaryId(group.path)},
      {"attributes", {{"name", group.name}, {"path", group.path}, {"checks", std::move(checks)}}},
      {"relationships",
       {{"groups", {{"data", std::move(children)}}},
        {"parent", {{"data", parent == nullptr ? json(nullptr) : Reference(*parent)}}}}}};
}

void CollectGroups(const SummaryGroup& group, const SummaryGroup* parent, json* all) {
  all->push_back(GroupJson(group, parent));
  for (const SummaryGroup& child : group.groups) {
    CollectGroups(child, &group, all);
  }
}

WebResponse AnswerGroups(absl::string_view id, const RunControl& control) {
  json all = json::array();
  CollectGroups(control.Groups(), nullptr, &all);
  if (id.empty()) {
    return Json(200, {{"data", std::move(all)}});
  }
  for (json& group : all) {
    if (group["id"].get<std::string>() == id) {
      return Json(200, {{"data", std::move(group)}});
    }
  }
  return Error(404, "Not Found", "No group with that ID was found");
}

// ---- the rest ----

WebResponse AnswerSetup(const RunControl& control) {
  const std::string data = control.SetupData();
  return Json(
      200,
      {{"data",
        {{"type", "setupData"},
         {"id", "default"},
         {"attributes",
          {{"data", data.empty() ? json(nullptr)
                                 : json::parse(data, nullptr, /*allow_exceptions=*/false)}}}}}});
}

WebResponse AnswerV1(const WebRequest& request, RunControl& control) {
  absl::string_view path = request.path;
  absl::ConsumePrefix(&path, "/v1/");
  absl::ConsumeSuffix(&path, "/");
  const size_t slash = path.find('/');
  const absl::string_view resource = path.substr(0, slash);
  const absl::string_view id =
      slash == absl::string_view::npos ? absl::string_view() : path.substr(slash + 1);
  const bool get = request.method == "GET";
  if (resource == "metrics" || resource == "groups") {
    if (!get) {
      return NotAllowed(request, "GET");
    }
    return resource == "metrics" ? AnswerMetrics(id, control) : AnswerGroups(id, control);
  }
  if (!id.empty()) {
    return Error(404, "Not Found", absl::StrCat("there is no ", request.path));
  }
  if (resource == "status") {
    return get                         ? StatusAnswer(control)
           : request.method == "PATCH" ? ChangeStatus(request, control)
                                       : NotAllowed(request, "GET or PATCH");
  }
  if (resource == "setup") {
    if (request.method == "PUT") {
      return Error(409, "Setup error",
                   "setup data comes from the script's setup(), which the coordinator runs once "
                   "for the whole fleet; it cannot be replaced");
    }
    return get || request.method == "POST" ? AnswerSetup(control)
                                           : NotAllowed(request, "GET or POST");
  }
  if (resource == "teardown") {
    return request.method == "POST"
               ? Error(409, "Teardown error",
                       "the coordinator runs teardown() by itself, once, when the run ends")
               : NotAllowed(request, "POST");
  }
  return Error(404, "Not Found", absl::StrCat("there is no ", request.path));
}

}  // namespace

WebResponse AnswerRest(const WebRequest& request, RunControl& control) {
  if (absl::StartsWith(request.path, "/v1/")) {
    return AnswerV1(request, control);
  }
  const bool known = request.path == "/metrics" || request.path == "/healthz" ||
                     request.path == "/readyz" || request.path == "/ping" || request.path == "/";
  if (!known) {
    return Error(404, "Not Found", absl::StrCat("there is no ", request.path));
  }
  if (request.method != "GET") {
    return NotAllowed(request, "GET");
  }
  if (request.path == "/metrics") {
    return {.content_type = PrometheusText::kContentType, .body = MetricsPage(control.Snapshot())};
  }
  if (request.path == "/readyz" && control.done()) {
    return {.status = 503, .body = "the run is over\n"};
  }
  return {.body = "ok\n"};
}

}  // namespace lockstep::coordinator
