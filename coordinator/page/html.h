// Pieces of HTML. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// As text or in a quoted attribute. What is not UTF-8 becomes U+FFFD.
std::string EscapeHtml(absl::string_view text);

// A table that a page can sort: a caption for those who do not see it, a header, rows.
class HtmlTable {
 public:
  struct Cell {
    std::string text;  // not escaped yet
    // What to sort by instead of the text.
    std::optional<double> key = {};
    std::string css = {};  // a class
  };

  // Titles; a column of numbers has "#" before its title: it is right-aligned, and sorted as
  // numbers. The first column names the row. The titles are borrowed.
  HtmlTable(std::string caption, std::vector<absl::string_view> columns);
  // As many cells as columns. `css` is the row's class.
  void Add(const std::vector<Cell>& cells, absl::string_view css = "");
  bool empty() const { return rows_.empty(); }
  // Empty without rows.
  std::string Html() const;

 private:
  const std::string caption_;
  const std::vector<absl::string_view> columns_;
  std::string rows_;
};

// A whole number with thin spaces between its thousands.
std::string CountText(double value);

}  // namespace lockstep::coordinator
