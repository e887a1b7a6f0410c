#include "coordinator/convert/openapi_parameter.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/percent_encoding.h"

namespace lockstep::coordinator {
namespace {

// What is in a value: of a list its elements, of an object names and values, else the value itself.
struct Part {
  std::string name;
  std::string text;
};

std::string TextOfAny(const Json& value) {
  return value.is_structured() ? JsonText(value) : TextOf(value);
}

std::vector<Part> PartsOf(const Json& value) {
  std::vector<Part> parts;
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      parts.push_back({name, TextOfAny(member)});
    }
  } else if (value.is_array()) {
    for (const Json& element : value) {
      parts.push_back({"", TextOfAny(element)});
    }
  } else {
    parts.push_back({"", TextOf(value)});
  }
  return parts;
}

// "a,b"; of objects "name,value", or with `pairs` "name=value".
std::string InOne(const Json& value, absl::string_view separator, bool pairs,
                  std::string (*encode)(absl::string_view)) {
  return absl::StrJoin(PartsOf(value), separator, [&](std::string* out, const Part& part) {
    absl::StrAppend(out, value.is_object() ? encode(part.name) : "",
                    !value.is_object() ? ""
                    : pairs            ? "="
                                       : separator,
                    encode(part.text));
  });
}

std::string UrlEncode(absl::string_view text) {
  return PercentEncoded(text);
}
std::string AsItIs(absl::string_view text) {
  return std::string(text);
}
std::string ReservedAsItIs(absl::string_view text) {
  return PercentEncoded(text, "-._~:/?@!$'()*,;");
}

bool Explodes(const Json& parameter, bool otherwise) {
  const std::string explode = TextOf(parameter, "explode");
  return explode.empty() ? otherwise : explode == "true";
}

struct QueryStyle {
  bool explode;
  absl::string_view separator;
};
QueryStyle QueryStyleOf(const Json& parameter) {
  const std::string style = TextOf(parameter, "style");
  const std::string format = TextOf(parameter, "collectionFormat");
  if (!TextOf(parameter, "type").empty()) {  // of Swagger 2, which has it in a schema only later
    return {format == "multi", format == "ssv"     ? "%20"
                               : format == "tsv"   ? "%09"
                               : format == "pipes" ? "%7C"
                                                   : ","};
  }
  if (style == "spaceDelimited" || style == "pipeDelimited") {
    return {Explodes(parameter, false), style == "spaceDelimited" ? "%20" : "%7C"};
  }
  return {Explodes(parameter, true), ","};
}

}  // namespace

std::string PathText(const Json& parameter, const Json& value) {
  const std::string style = TextOf(parameter, "style");
  const std::string name = UrlEncode(TextOf(parameter, "name"));
  const bool explode = Explodes(parameter, false);
  if (style == "label") {
    return absl::StrCat(".", InOne(value, explode ? "." : ",", explode, UrlEncode));
  }
  if (style != "matrix") {
    return InOne(value, ",", explode, UrlEncode);
  }
  if (!explode || !value.is_structured()) {
    return absl::StrCat(";", name, "=", InOne(value, ",", false, UrlEncode));
  }
  return absl::StrJoin(PartsOf(value), "", [&](std::string* out, const Part& part) {
    absl::StrAppend(out, ";", value.is_object() ? UrlEncode(part.name) : name, "=",
                    UrlEncode(part.text));
  });
}

std::string QueryText(const Json& parameter, const Json& value) {
  const auto encode = TextOf(parameter, "allowReserved") == "true" ? ReservedAsItIs : UrlEncode;
  const std::string name = UrlEncode(TextOf(parameter, "name"));
  const bool deep = value.is_object() && TextOf(parameter, "style") == "deepObject";
  const QueryStyle style = QueryStyleOf(parameter);
  if (!deep && (!value.is_structured() || value.empty() || !style.explode)) {
    return value.is_object() && value.empty()
               ? ""
               : absl::StrCat(name, "=", InOne(value, style.separator, false, encode));
  }
  return absl::StrJoin(PartsOf(value), "&", [&](std::string* out, const Part& part) {
    const std::string key = UrlEncode(part.name);
    absl::StrAppend(out,
                    deep                ? absl::StrCat(name, "[", key, "]")
                    : value.is_object() ? key
                                        : name,
                    "=", encode(part.text));
  });
}

std::string HeaderText(const Json& parameter, const Json& value) {
  return InOne(value, ",", Explodes(parameter, false), AsItIs);
}

std::string CookieText(const Json& parameter, const Json& value) {
  return absl::StrCat(TextOf(parameter, "name"), "=", InOne(value, ",", false, UrlEncode));
}

std::vector<std::pair<std::string, std::string>> FormFields(const Json& parameter,
                                                            const std::string& name,
                                                            const Json& value) {
  std::vector<std::pair<std::string, std::string>> fields;
  const QueryStyle style = QueryStyleOf(parameter);
  if (!value.is_array() || !style.explode) {
    fields.emplace_back(name, value.is_array()
                                  ? InOne(value, PercentDecoded(style.separator), false, AsItIs)
                                  : TextOfAny(value));
    return fields;
  }
  for (const Part& part : PartsOf(value)) {
    fields.emplace_back(name, part.text);
  }
  return fields;
}

}  // namespace lockstep::coordinator
