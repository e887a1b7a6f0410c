#include "coordinator/page/page.h"

#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "common/base/content_hash.h"
#include "common/base/json_text.h"
#include "common/messages/words.h"
#include "common/result/history_json.h"
#include "coordinator/page/embedded_page.h"
#include "coordinator/page/html.h"
#include "coordinator/page/panels.h"

namespace lockstep::coordinator {
namespace {

using nlohmann::json;

// Puts values in the place of {{name}}. What is put in is not looked at again.
std::string Fill(absl::string_view text, const std::map<std::string, std::string>& values) {
  std::string filled;
  for (;;) {
    const size_t begin = text.find("{{");
    const size_t end = begin == absl::string_view::npos ? begin : text.find("}}", begin);
    if (end == absl::string_view::npos) {
      return absl::StrCat(filled, text);
    }
    absl::StrAppend(&filled, text.substr(0, begin));
    const auto found = values.find(std::string(text.substr(begin + 2, end - begin - 2)));
    absl::StrAppend(&filled, found == values.end() ? "" : found->second);
    text.remove_prefix(end + 2);
  }
}

// All panels, and for each whether its section is hidden.
std::map<std::string, std::string> Slots(const PageModel& model, const Panels& panels) {
  std::map<std::string, std::string> slots;
  for (const auto& [name, html] : panels) {
    slots["hide:" + name] = html.empty() ? " hidden" : "";
    slots[name] = html;
  }
  slots["script"] = EscapeHtml(model.result.script);
  slots["version"] = EscapeHtml(model.result.version);
  return slots;
}

json BucketsJson(const Spread& spread) {
  json list = json::array();
  for (const auto& [index, count] : spread.buckets()) {
    list.push_back(index);
    list.push_back(count);
  }
  return list;
}

// Of response times, 16 buckets an octave: those of requests that went as expected, and the others.
// Without the tag that tells them apart, all are taken for the former.
json DistributionJson(const RunResult& result) {
  Spread expected;
  Spread failed;
  Spread all;
  for (const ResultMetric& metric : result.metrics) {
    if (metric.aggregate.type() == MetricType::kTrend) {
      Spread* const target = metric.key == kSuccessDurations     ? &expected
                             : metric.key == kFailureDurations   ? &failed
                             : metric.key == "http_req_duration" ? &all
                                                                 : nullptr;
      if (target != nullptr) {
        target->Add(metric.aggregate.trend());
      }
    }
  }
  const bool told_apart = expected.count() + failed.count() > 0;
  return {{"expected", BucketsJson(told_apart ? expected : all)}, {"failed", BucketsJson(failed)}};
}

json BaselineJson(const PageBaseline& baseline) {
  json object = {{"script", baseline.result.script},
                 {"distribution", DistributionJson(baseline.result)}};
  if (baseline.result.history.has_value()) {
    History history = *baseline.result.history;
    history.metrics.clear();
    history.agents.clear();
    history.heat.clear();
    object["series"] = HistorySeriesJson(history);
  }
  return object;
}

std::string Source(absl::string_view text) {
  return absl::StrCat("'sha256-", absl::Base64Escape(Sha256(text)), "'");
}

}  // namespace

std::string PageScript() {
  return absl::StrCat(UplotScript(), "\n(() => {\n'use strict';\n", ScriptFormat(), ScriptTables(),
                      ScriptTheme(), ScriptSeries(), ScriptPlots(), ScriptHeat(), ScriptLanes(),
                      ScriptCharts(), ScriptControl(), ScriptLive(), ScriptMain(), "})();\n");
}

std::string PageCss() {
  return absl::StrCat(UplotStyle(), "\n", PageStyle());
}

std::string RenderLivePage(const PageModel& model) {
  std::map<std::string, std::string> slots = Slots(model, RenderPanels(model));
  slots["mode"] = "live";
  slots["hide:comparison"] = " hidden";
  slots["head"] =
      "<link rel=\"stylesheet\" href=\"app.css\">\n<script src=\"app.js\" defer></script>";
  return Fill(PageTemplate(), slots);
}

json PageEvent(const PageModel& model) {
  json event = {{"over", true}, {"panels", RenderPanels(model)}};
  if (model.status.has_value()) {
    event["state"] = std::string(WordOf(model.status->state()));
    event["paused"] = model.status->paused();
    event["elapsed"] = model.status->elapsed_s();
    event["planned"] = model.status->planned_s();
    event["over"] = model.status->state() == v1::RunStatus::DONE;
    event["vus"] = model.status->vus();
  }
  event["distribution"] = DistributionJson(model.result);
  if (model.result.history.has_value()) {
    event["series"] = HistorySeriesJson(*model.result.history);
  }
  return event;
}

std::string RenderReport(const PageModel& model, const std::optional<PageBaseline>& baseline) {
  Panels panels = RenderPanels(model);
  panels["comparison"] = baseline.has_value() ? RenderComparison(*baseline) : "";
  json data = PageEvent(model);
  data.erase("panels");  // they are in the page
  data["elapsed"] = absl::ToDoubleSeconds(model.result.duration);
  if (baseline.has_value()) {
    data["baseline"] = BaselineJson(*baseline);
  }
  const std::string script = PageScript();
  const std::string style = PageCss();
  std::map<std::string, std::string> slots = Slots(model, panels);
  slots["mode"] = "report";
  slots["head"] = absl::StrCat(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src ",
      Source(script), "; style-src ", Source(style),
      "; img-src data:; base-uri 'none'; form-action 'none'\">\n<style>", style, "</style>");
  // In a script's text, only "<" could end or begin anything.
  slots["data"] = absl::StrCat("<script type=\"application/json\" id=\"data\">",
                               absl::StrReplaceAll(JsonText(data), {{"<", "\\u003c"}}),
                               "</script>\n<script>", script, "</script>\n");
  return Fill(PageTemplate(), slots);
}

}  // namespace lockstep::coordinator
