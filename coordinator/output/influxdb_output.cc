#include "coordinator/output/influxdb_output.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/number_text.h"
#include "common/base/percent_encoding.h"
#include "common/base/status_macros.h"
#include "coordinator/output/push_output.h"
#include "coordinator/output/sink_settings.h"

namespace lockstep::coordinator {
namespace {

// Of tag keys, tag values and field keys. A line feed would end the line, and a backslash at the
// end would escape what follows.
std::string Escaped(absl::string_view text) {
  std::string escaped = absl::StrReplaceAll(
      text, {{",", "\\,"}, {"=", "\\="}, {" ", "\\ "}, {"\n", "\\ "}, {"\r", "\\ "}});
  return absl::EndsWith(text, "\\") ? escaped + "\\ " : escaped;
}

std::string QuotedField(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

// nullopt if the value is not of the kind that its tag should have.
std::optional<std::string> FieldText(FieldKind kind, const std::string& value) {
  int64_t whole = 0;
  double number = 0;
  bool truth = false;
  switch (kind) {
    case FieldKind::kString:
      return QuotedField(value);
    case FieldKind::kInt:
      return absl::SimpleAtoi(value, &whole) ? std::optional(absl::StrCat(whole, "i"))
                                             : std::nullopt;
    case FieldKind::kFloat:
      return absl::SimpleAtod(value, &number) ? std::optional(ShortestNumber(number))
                                              : std::nullopt;
    case FieldKind::kBool:
      return absl::SimpleAtob(value, &truth) ? std::optional<std::string>(truth ? "true" : "false")
                                             : std::nullopt;
  }
  return std::nullopt;
}

void ReadPrecision(SinkSettings* settings, LineProtocolConfig* lines, std::string* parameter) {
  constexpr std::pair<absl::string_view, int64_t> kPrecisions[] = {
      {"n", 1}, {"ns", 1}, {"u", 1000}, {"us", 1000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};
  const std::string name = settings->Text("PRECISION", "ns");
  for (const auto& [known, nanos] : kPrecisions) {
    if (known == name) {
      lines->nanos_per_tick = nanos;
      *parameter = known == "ns" ? "n" : known == "us" ? "u" : std::string(known);
      return;
    }
  }
  settings->Refuse("PRECISION", name, "one of ns, us, ms, s");
}

void ReadFields(SinkSettings* settings, LineProtocolConfig* lines) {
  const std::vector<std::string> wanted = settings->List("TAGS_AS_FIELDS", {});
  if (wanted.empty()) {
    return;
  }
  constexpr std::pair<absl::string_view, FieldKind> kKinds[] = {{"string", FieldKind::kString},
                                                                {"int", FieldKind::kInt},
                                                                {"float", FieldKind::kFloat},
                                                                {"bool", FieldKind::kBool}};
  lines->fields.clear();
  for (const std::string& each : wanted) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(each, absl::MaxSplits(':', 1));
    bool known = parts.second.empty();
    lines->fields[parts.first] = FieldKind::kString;
    for (const auto& [name, kind] : kKinds) {
      if (parts.second == name) {
        lines->fields[parts.first] = kind;
        known = true;
      }
    }
    if (!known) {
      settings->Refuse("TAGS_AS_FIELDS", each,
                       "TAG or TAG:KIND, KIND being string, int, float or bool");
    }
  }
}

struct InfluxdbConfig {
  LineProtocolConfig lines;
  size_t payload_bytes = 1 << 20;  // a body is sent once it has this many
  std::string create_url;          // of the request that creates the database; empty: none
};

class InfluxdbOutput final : public PushOutput {
 public:
  InfluxdbOutput(HttpTarget target, absl::Duration interval, const Clock& clock,
                 InfluxdbConfig config)
      : PushOutput("InfluxDB", std::move(target), {}, interval, clock),
        config_(std::move(config)) {}

  bool wants_points() const override { return true; }
  void Write(const Batch& batch) override {
    for (const Point& point : batch.points) {
      AppendInfluxLine(config_.lines, batch, point, &body_);
      ++points_;
      if (body_.size() >= config_.payload_bytes) {
        PushNow(/*last=*/false);
      }
    }
  }

 private:
  void Greet() override {
    if (!config_.create_url.empty()) {
      // A user who may only write is refused, and the database is there.
      pusher().Push({.body = "", .url = config_.create_url, .optional = true});
    }
  }
  void PushNow(bool /*last*/) override {
    if (points_ > 0) {
      pusher().Push({.body = std::exchange(body_, {}), .samples = std::exchange(points_, 0)});
    }
  }

  const InfluxdbConfig config_;
  std::string body_;
  uint64_t points_ = 0;  // in body_
};

}  // namespace

void AppendInfluxLine(const LineProtocolConfig& config, const Batch& batch, const Point& point,
                      std::string* out) {
  std::string fields = absl::StrCat("value=", ShortestNumber(point.value));
  absl::StrAppend(out, batch.metrics[point.metric].name);
  for (const auto& [key, value] : batch.tag_sets[point.tag_set]) {
    if (value.empty()) {
      continue;
    }
    const absl::string_view name = TagName(key);
    const auto field = config.fields.find(name);
    if (field == config.fields.end()) {
      absl::StrAppend(out, ",", Escaped(name), "=", Escaped(value));
    } else if (const std::optional<std::string> text = FieldText(field->second, value); text) {
      absl::StrAppend(&fields, ",", Escaped(name), "=", *text);
    }
  }
  absl::StrAppend(out, " ", fields, " ", point.unix_nanos / config.nanos_per_tick, "\n");
}

MadeOutput MakeInfluxdbOutput(absl::string_view argument, const OutputContext& context) {
  SinkSettings settings(context, "INFLUXDB");
  std::string address = settings.Address(argument, "ADDR", "http://localhost:8086");
  std::string database = settings.Text("DB", "k6");
  if (!argument.empty()) {
    const size_t host = argument.find("://");
    const size_t slash = argument.find('/', host == absl::string_view::npos ? 0 : host + 3);
    address = std::string(argument.substr(0, slash));
    if (slash != absl::string_view::npos && slash + 1 < argument.size()) {
      database = std::string(absl::StripSuffix(argument.substr(slash + 1), "/"));
    }
  }
  settings.CheckAddress(address);
  address = std::string(absl::StripSuffix(address, "/"));
  InfluxdbConfig config;
  std::string precision;
  ReadPrecision(&settings, &config.lines, &precision);
  ReadFields(&settings, &config.lines);
  config.payload_bytes =
      static_cast<size_t>(settings.Int("PAYLOAD_SIZE", static_cast<int64_t>(1 << 20), 1));
  HttpTarget target;
  const std::optional<std::string> token = settings.Find("TOKEN");
  const std::optional<std::string> bucket = settings.Find("BUCKET");
  if (token || bucket) {
    target.url =
        absl::StrCat(address, "/api/v2/write?bucket=", PercentEncoded(bucket.value_or(database)),
                     "&org=", PercentEncoded(settings.Text("ORGANIZATION", "")), "&precision=",
                     precision == "n"   ? "ns"
                     : precision == "u" ? "us"
                                        : precision);
    if (token) {
      target.headers.push_back(absl::StrCat("Authorization: Token ", *token));
    }
  } else {
    target.url =
        absl::StrCat(address, "/write?db=", PercentEncoded(database), "&precision=", precision);
    for (const auto& [setting, parameter] :
         {std::pair("RETENTION", "&rp="), std::pair("CONSISTENCY", "&consistency=")}) {
      if (const auto value = settings.Find(setting); value) {
        absl::StrAppend(&target.url, parameter, PercentEncoded(*value));
      }
    }
    target.username = settings.Text("USERNAME", "");
    target.password = settings.Text("PASSWORD", "");
    config.create_url = absl::StrCat(
        address, "/query?q=",
        PercentEncoded(absl::StrCat("CREATE DATABASE ", "\"",
                                    absl::StrReplaceAll(database, {{"\"", "\\\""}}), "\"")));
  }
  target.headers.push_back("Content-Type: text/plain; charset=utf-8");
  target.proxy = settings.Text("PROXY", "");
  target.skip_tls_verify = settings.Bool("INSECURE", false);
  const absl::Duration interval = settings.Duration("PUSH_INTERVAL", absl::Seconds(1));
  settings.Int("CONCURRENT_WRITES", 1, 1);  // checked only: one writer keeps the order
  LOCKSTEP_RETURN_IF_ERROR(settings.status());
  return std::make_unique<InfluxdbOutput>(std::move(target), interval, *context.clock,
                                          std::move(config));
}

}  // namespace lockstep::coordinator
