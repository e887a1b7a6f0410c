#include "coordinator/page/html.h"

#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

#include "common/base/json_text.h"

namespace lockstep::coordinator {
namespace {

std::string ValidText(absl::string_view text) {
  const nlohmann::json quoted(std::string(text.data(), text.size()));
  const std::string valid = JsonText(quoted);
  return nlohmann::json::parse(valid).get<std::string>();
}

}  // namespace

std::string EscapeHtml(absl::string_view text) {
  std::string escaped;
  for (const char c : ValidText(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 || c == '\n' || c == '\t') {
      escaped += c;
    } else {
      absl::StrAppend(&escaped, "\xEF\xBF\xBD");
    }
  }
  return absl::StrReplaceAll(
      escaped, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

HtmlTable::HtmlTable(std::string caption, std::vector<absl::string_view> columns)
    : caption_(std::move(caption)), columns_(std::move(columns)) {}

void HtmlTable::Add(const std::vector<Cell>& cells, absl::string_view css) {
  absl::StrAppend(&rows_, css.empty() ? "<tr>" : absl::StrCat("<tr class=\"", css, "\">"));
  for (size_t i = 0; i < cells.size(); ++i) {
    const Cell& cell = cells[i];
    std::string css_class = absl::StartsWith(columns_[i], "#") ? "n" : "";
    if (!cell.css.empty()) {
      absl::StrAppend(&css_class, css_class.empty() ? "" : " ", cell.css);
    }
    const char* const tag = i == 0 ? "th" : "td";
    absl::StrAppend(&rows_, "<", tag, i == 0 ? " scope=\"row\"" : "",
                    css_class.empty() ? "" : absl::StrCat(" class=\"", css_class, "\""),
                    cell.key.has_value() && std::isfinite(*cell.key)
                        ? absl::StrFormat(" data-v=\"%.9g\"", *cell.key)
                        : "",
                    ">", EscapeHtml(cell.text), "</", tag, ">");
  }
  absl::StrAppend(&rows_, "</tr>\n");
}

std::string HtmlTable::Html() const {
  if (empty()) {
    return "";
  }
  std::string html =
      absl::StrCat("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"",
                   EscapeHtml(caption_), ", table\"><table><caption class=\"unseen\">",
                   EscapeHtml(caption_), "</caption>\n<thead><tr>");
  for (absl::string_view title : columns_) {
    const bool number = absl::ConsumePrefix(&title, "#");
    absl::StrAppend(&html, "<th scope=\"col\"", number ? " class=\"n\"" : "", ">",
                    EscapeHtml(title), "</th>");
  }
  absl::StrAppend(&html, "</tr></thead>\n<tbody>\n", rows_, "</tbody></table></div>\n");
  return html;
}

std::string CountText(double value) {
  const std::string digits = absl::StrFormat("%.0f", value);
  const size_t first = digits[0] == '-' ? 1 : 0;
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > first && (digits.size() - i) % 3 == 0) {
      text += "\xE2\x80\xAF";  // U+202F
    }
    text += digits[i];
  }
  return text;
}

}  // namespace lockstep::coordinator
