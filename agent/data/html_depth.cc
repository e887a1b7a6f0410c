#include "agent/data/html_depth.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

// Elements without an end tag, or with one that may be left out.
bool MayStayOpen(absl::string_view name) {
  static const auto& names = *new absl::flat_hash_set<absl::string_view>{
      "area",   "base",     "body",  "br",    "caption", "col",   "colgroup", "dd",   "dt",
      "embed",  "head",     "hr",    "html",  "img",     "input", "li",       "link", "meta",
      "option", "optgroup", "p",     "param", "rb",      "rp",    "rt",       "rtc",  "source",
      "tbody",  "td",       "tfoot", "th",    "thead",   "tr",    "track",    "wbr"};
  return names.contains(name);
}

// Elements whose content is text, whatever it looks like.
bool HoldsText(absl::string_view name) {
  return name == "script" || name == "style" || name == "textarea" || name == "title" ||
         name == "xmp" || name == "iframe" || name == "noembed";
}

class OpenElements {
 public:
  size_t size() const { return open_.size(); }
  bool foreign() const { return counts_of("svg") + counts_of("math") > 0; }
  void Open(const std::string& name) {
    open_.push_back(name);
    ++counts_[name];
  }
  // An end tag closes what was opened inside of its element, too; without a start it closes
  // nothing.
  void Close(const std::string& name) {
    if (counts_of(name) == 0) {
      return;
    }
    bool closed = false;
    while (!closed) {
      closed = open_.back() == name;
      --counts_[open_.back()];
      open_.pop_back();
    }
  }

 private:
  int counts_of(absl::string_view name) const {
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
  }
  std::vector<std::string> open_;
  absl::flat_hash_map<std::string, int> counts_;
};

// The end of the text of an element such as <script>: where its end tag begins.
size_t EndOfText(absl::string_view html, size_t from, absl::string_view name) {
  const std::string end = absl::StrCat("</", name);
  for (size_t at = html.find("</", from); at != absl::string_view::npos;
       at = html.find("</", at + 1)) {
    if (absl::AsciiStrToLower(html.substr(at, end.size())) == end) {
      return at;
    }
  }
  return html.size();
}

size_t EndOfTag(absl::string_view html, size_t from) {
  char quote = '\0';
  for (; from < html.size(); ++from) {
    const char c = html[from];
    if (quote != '\0') {
      quote = c == quote ? '\0' : quote;
    } else if (c == '>') {
      return from;
    } else if (c == '"' || c == '\'') {
      quote = c;
    }
  }
  return html.size();
}

}  // namespace

bool NestsDeeperThan(absl::string_view html, size_t most) {
  OpenElements open;
  for (size_t at = html.find('<'); at != absl::string_view::npos; at = html.find('<', at)) {
    if (html.substr(at, 4) == "<!--") {
      const size_t end = html.find("-->", at + 4);
      at = end == absl::string_view::npos ? html.size() : end;
      continue;
    }
    const bool closes = at + 1 < html.size() && html[at + 1] == '/';
    const size_t begin = at + (closes ? 2 : 1);
    const size_t end = std::min(html.find_first_of(" \t\n\f\r/>", begin), html.size());
    const std::string name = absl::AsciiStrToLower(html.substr(begin, end - begin));
    if (name.empty() || !absl::ascii_isalpha(static_cast<unsigned char>(name[0]))) {
      at = begin;
      continue;
    }
    const size_t close = EndOfTag(html, end);
    const bool empty = open.foreign() && close > 0 && close < html.size() && html[close - 1] == '/';
    at = close;
    if (MayStayOpen(name) || empty) {
      continue;
    }
    if (closes) {
      open.Close(name);
      continue;
    }
    open.Open(name);
    if (open.size() > most) {
      return true;
    }
    if (HoldsText(name)) {
      at = EndOfText(html, close, name);
    }
  }
  return false;
}

}  // namespace lockstep::agent
