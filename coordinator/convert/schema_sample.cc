#include "coordinator/convert/schema_sample.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kDeepestSchema = 30;
constexpr int kMostSampled = 2000;  // of one sample

const Json& Nothing() {
  static const Json nothing;
  return nothing;
}

// A limit that a schema sets to a length or a number; `otherwise` if it sets none.
int64_t LimitOf(const Json& schema, const char* name, int64_t otherwise) {
  const Json& limit = FieldOf(schema, name);
  return limit.is_number_integer() && limit.get<int64_t>() >= 0 ? limit.get<int64_t>() : otherwise;
}

std::string TypeOf(const Json& schema) {
  const Json& types = FieldOf(schema, "type");
  return types.is_array() && !types.empty() ? TextOf(types.front()) : TextOf(types);
}

Json TextSample(const Json& schema) {
  constexpr std::pair<absl::string_view, absl::string_view> kFormats[] = {
      {"date-time", "2026-01-01T00:00:00Z"},
      {"date", "2026-01-01"},
      {"time", "12:00:00Z"},
      {"uuid", "00000000-0000-4000-8000-000000000000"},
      {"email", "user@example.com"},
      {"uri", "https://example.com/"},
      {"url", "https://example.com/"},
      {"hostname", "example.com"},
      {"ipv4", "192.0.2.1"},
      {"ipv6", "2001:db8::1"},
      {"byte", "c3RyaW5n"},
  };
  const std::string format = TextOf(schema, "format");
  for (const auto& [name, sample] : kFormats) {
    if (format == name) {
      return std::string(sample);
    }
  }
  std::string text = "string";
  constexpr int64_t kLongest = 10'000;
  const int64_t least = LimitOf(schema, "minLength", 0);
  const int64_t most = LimitOf(schema, "maxLength", kLongest);
  if (least > static_cast<int64_t>(text.size())) {
    text.resize(static_cast<size_t>(std::min(least, kLongest)), 'x');
  }
  text.resize(std::min(text.size(), static_cast<size_t>(most)));
  return text;
}

struct Bound {
  std::optional<double> value = {};
  bool excluded = false;
};
// "exclusiveMinimum" is a number of its own since OpenAPI 3.1; before, it says whether "minimum" is
// excluded.
Bound BoundOf(const Json& schema, const char* name, const char* exclusive) {
  const Json& bound = FieldOf(schema, name);
  const Json& excluded = FieldOf(schema, exclusive);
  if (excluded.is_number()) {
    return {excluded.get<double>(), true};
  }
  return bound.is_number() ? Bound{bound.get<double>(), excluded == true} : Bound();
}

// The least that the schema allows, or what is nearest to 1.
Json NumberSample(const Json& schema) {
  const Bound least = BoundOf(schema, "minimum", "exclusiveMinimum");
  const Bound most = BoundOf(schema, "maximum", "exclusiveMaximum");
  const bool whole = TypeOf(schema) == "integer";
  double sample = 1;
  if (least.value.has_value()) {
    sample = least.excluded ? std::floor(*least.value) + 1
             : whole        ? std::ceil(*least.value)
                            : *least.value;
  }
  if (const Json& step = FieldOf(schema, "multipleOf");
      step.is_number() && step.get<double>() > 0) {
    sample = std::ceil(sample / step.get<double>()) * step.get<double>();
  }
  if (most.value.has_value() &&
      (sample > *most.value || (most.excluded && sample == *most.value))) {
    sample = whole ? (most.excluded ? std::ceil(*most.value) - 1 : std::floor(*most.value))
             : least.value.has_value() ? (*least.value + *most.value) / 2
             : most.excluded           ? std::ceil(*most.value) - 1
                                       : *most.value;
  }
  constexpr double kMostExact = 9e15;
  return std::abs(sample) < kMostExact && sample == std::floor(sample)
             ? Json(static_cast<int64_t>(sample))
             : Json(sample);
}

// What a value is that cannot be made, but must be there.
Json Stub(const Json& schema) {
  const std::string type = TypeOf(schema);
  if (type == "array") {
    return Json::array();
  }
  return type == "object" || FieldOf(schema, "properties").is_object() ||
                 !ListOf(schema, "allOf").empty()
             ? Json::object()
             : Json();
}

}  // namespace

const Json& SchemaSampler::Resolve(const Json& value) {
  constexpr int kMostSteps = 20;
  const Json* at = &value;
  std::string text;
  for (int step = 0; step < kMostSteps; ++step) {
    const Json& reference = FieldOf(*at, "$ref");
    if (!reference.is_string()) {
      return *at;
    }
    text = reference.get<std::string>();
    absl::string_view path = text;
    if (!absl::ConsumePrefix(&path, "#/")) {
      break;
    }
    at = &document_;
    for (absl::string_view part : absl::StrSplit(path, '/')) {
      at = &FieldOf(*at, absl::StrReplaceAll(part, {{"~1", "/"}, {"~0", "~"}}).c_str());
    }
    if (at->is_null()) {
      break;
    }
  }
  unresolved_.insert(text);  // it is not in the document, or turns in a circle
  return Nothing();
}

Json SchemaSampler::Sample(const Json& schema) {
  budget_ = kMostSampled;
  open_.clear();
  std::optional<Json> made = Make(schema);
  return made.has_value() ? *std::move(made) : Stub(Resolve(schema));
}

Json SchemaSampler::SampleOf(const Json& described) {
  if (const Json& example = FieldOf(described, "example"); !example.is_null()) {
    return example;
  }
  if (const Json& examples = FieldOf(described, "examples");
      examples.is_object() && !examples.empty()) {
    if (const Json& value = FieldOf(Resolve(examples.front()), "value"); !value.is_null()) {
      return value;
    }
  }
  // Swagger 2 has what a schema says in the parameter itself.
  const Json& schema = FieldOf(described, "schema");
  return Sample(schema.is_null() ? described : schema);
}

// NOLINTNEXTLINE(misc-no-recursion): likewise
std::optional<Json> SchemaSampler::Make(const Json& given) {
  const Json& schema = Resolve(given);
  if (!schema.is_object()) {
    return Json();  // it may be anything, or leads nowhere, which is told
  }
  for (const char* name : {"example", "default", "const"}) {
    if (const Json& value = FieldOf(schema, name); !value.is_null()) {
      return value;
    }
  }
  for (const char* name : {"examples", "enum"}) {
    if (const Json& list = ListOf(schema, name); !list.empty()) {
      return list.front();
    }
  }
  if (std::find(open_.begin(), open_.end(), &schema) != open_.end()) {
    return std::nullopt;
  }
  if (--budget_ < 0 || open_.size() > kDeepestSchema) {
    is_cut_ = true;
    return std::nullopt;
  }
  open_.push_back(&schema);
  std::optional<Json> made = MakeByType(schema);
  open_.pop_back();
  return made;
}

// NOLINTNEXTLINE(misc-no-recursion): schemas are in schemas, and depth and number are bounded
std::optional<Json> SchemaSampler::MakeByType(const Json& schema) {
  for (const char* name : {"oneOf", "anyOf"}) {
    const Json& list = ListOf(schema, name);
    for (const Json& each : list) {
      if (std::optional<Json> made = Make(each); made.has_value()) {
        return made;
      }
    }
    if (!list.empty()) {
      return std::nullopt;
    }
  }
  const std::string type = TypeOf(schema);
  if (type == "string") {
    return TextSample(schema);
  }
  if (type == "integer" || type == "number") {
    return NumberSample(schema);
  }
  if (type == "boolean") {
    return true;
  }
  if (type == "array") {
    constexpr int64_t kMostItems = 100;
    const int before = budget_;
    const std::optional<Json> item = Make(FieldOf(schema, "items"));
    const int64_t each = std::max(before - budget_, 1);
    const int64_t most = std::clamp<int64_t>(budget_ / each, 1, kMostItems);
    const int64_t count = std::clamp<int64_t>(LimitOf(schema, "minItems", 1), 1, most);
    budget_ -= static_cast<int>((count - 1) * each);
    is_cut_ = is_cut_ || LimitOf(schema, "minItems", 1) > count;
    return item.has_value() && !item->is_null() && LimitOf(schema, "maxItems", 1) > 0
               ? Json(static_cast<size_t>(count), *item)
               : Json::array();
  }
  return MakeObject(schema);
}

// NOLINTNEXTLINE(misc-no-recursion): likewise
std::optional<Json> SchemaSampler::MakeObject(const Json& schema) {
  Json object = Json::object();
  for (const Json& part : ListOf(schema, "allOf")) {
    const std::optional<Json> made = Make(part);
    if (!made.has_value()) {
      return std::nullopt;  // it is made of itself
    }
    if (made->is_object()) {
      object.update(*made);
    }
  }
  std::set<std::string> required;
  for (const Json& name : ListOf(schema, "required")) {
    required.insert(TextOf(name));
  }
  const Json& properties = FieldOf(schema, "properties");
  if (properties.is_object()) {
    for (const auto& [name, property] : properties.items()) {
      const Json& resolved = Resolve(property);
      if (TextOf(resolved, "readOnly") == "true") {
        continue;
      }
      if (std::optional<Json> made = Make(property); made.has_value()) {
        object[name] = *std::move(made);
      } else if (required.count(name) > 0) {
        object[name] = Stub(resolved);
      }
    }
  }
  return object.empty() && !properties.is_object() && TypeOf(schema).empty() &&
                 ListOf(schema, "allOf").empty()
             ? Json()
             : object;
}

}  // namespace lockstep::coordinator
