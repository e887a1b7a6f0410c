#include "coordinator/convert/schema_sample.h"

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lockstep::coordinator {
namespace {

constexpr int kDeepestSchema = 8;
constexpr int kMostSampled = 2000;  // of one sample

const Json& Nothing() {
  static const Json nothing;
  return nothing;
}

Json TextSample(const Json& schema) {
  const std::string format = TextOf(schema, "format");
  if (format == "date-time") {
    return "2026-01-01T00:00:00Z";
  }
  if (format == "date") {
    return "2026-01-01";
  }
  if (format == "uuid") {
    return "00000000-0000-4000-8000-000000000000";
  }
  if (format == "email") {
    return "user@example.com";
  }
  if (format == "uri" || format == "url") {
    return "https://example.com/";
  }
  std::string text = "string";
  const Json& least = FieldOf(schema, "minLength");
  constexpr int64_t kLongest = 1000;
  if (least.is_number_integer() && least.get<int64_t>() > 6 && least.get<int64_t>() <= kLongest) {
    text.resize(least.get<size_t>(), 'x');
  }
  return text;
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
  int budget = kMostSampled;
  return Make(schema, 0, &budget);
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

// NOLINTNEXTLINE(misc-no-recursion): schemas are in schemas, and depth and number are bounded
Json SchemaSampler::Make(const Json& given, int depth, int* budget) {
  const Json& schema = Resolve(given);
  if (--*budget < 0 || !schema.is_object() || depth > kDeepestSchema) {
    return nullptr;
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
  for (const char* name : {"oneOf", "anyOf"}) {
    if (const Json& list = ListOf(schema, name); !list.empty()) {
      return Make(list.front(), depth + 1, budget);
    }
  }
  const Json& types = FieldOf(schema, "type");
  const std::string type =
      types.is_array() && !types.empty() ? TextOf(types.front()) : TextOf(types);
  if (type == "string") {
    return TextSample(schema);
  }
  if (type == "integer" || type == "number") {
    const Json& least = FieldOf(schema, "minimum");
    return least.is_number() ? least : Json(1);
  }
  if (type == "boolean") {
    return true;
  }
  if (type == "array") {
    Json item = Make(FieldOf(schema, "items"), depth + 1, budget);
    return item.is_null() ? Json::array() : Json::array({std::move(item)});
  }
  return MakeObject(schema, depth, budget);
}

// NOLINTNEXTLINE(misc-no-recursion): likewise
Json SchemaSampler::MakeObject(const Json& schema, int depth, int* budget) {
  Json object = Json::object();
  for (const Json& part : ListOf(schema, "allOf")) {
    if (const Json made = Make(part, depth + 1, budget); made.is_object()) {
      object.update(made);
    }
  }
  const Json& properties = FieldOf(schema, "properties");
  if (properties.is_object()) {
    for (const auto& [name, property] : properties.items()) {
      if (TextOf(Resolve(property), "readOnly") != "true" && *budget > 0) {
        object[name] = Make(property, depth + 1, budget);
      }
    }
  }
  return object.empty() && !properties.is_object() && TextOf(schema, "type").empty() &&
                 ListOf(schema, "allOf").empty()
             ? Json()
             : object;
}

}  // namespace lockstep::coordinator
