#include "common/metrics/error_table.h"

#include <algorithm>
#include <tuple>

#include "common/base/utf8.h"
#include "common/base/visible.h"

namespace lockstep {
namespace {

// Rows beyond the limit, for those that stand for many names.
constexpr size_t kRoomForOthers = 50;

absl::string_view Cut(absl::string_view text) {
  return CutText(text, ErrorTable::kMostTextBytes);
}

// What a row shows of a text; that it is longer than the text itself must not make it longer than a
// coordinator accepts.
std::string Shown(absl::string_view text) {
  return std::string(Cut(ValidUtf8(Visible(text))));
}

}  // namespace

ErrorRow* ErrorTable::Find(absl::string_view cause, absl::string_view method,
                           absl::string_view name, size_t limit) {
  key_.clear();
  for (absl::string_view part : {cause, method, name}) {
    key_.append(part.data(), part.size());
    key_.push_back('\0');
  }
  if (const auto found = rows_.find(key_); found != rows_.end()) {
    return &found->second;
  }
  if (rows_.size() >= limit) {
    return nullptr;
  }
  ErrorRow& row = rows_[key_];
  row.error.cause = Shown(cause);
  row.error.method = Shown(method);
  row.error.name = Shown(name);
  return &row;
}

ErrorRow* ErrorTable::RowOf(absl::string_view cause, absl::string_view method,
                            absl::string_view name) {
  cause = Cut(cause);
  method = Cut(method);
  ErrorRow* const row = Find(cause, method, Cut(name), most_kinds_);
  return row != nullptr ? row : Find(cause, method, kOtherNames, most_kinds_ + kRoomForOthers);
}

void ErrorTable::Add(absl::string_view cause, absl::string_view method, absl::string_view name,
                     absl::Time time) {
  ErrorRow* const row = RowOf(cause, method, name);
  if (row == nullptr) {
    ++folded_;
    return;
  }
  ++row->error.count;
  row->error.first_unix_nanos = std::min(row->error.first_unix_nanos, absl::ToUnixNanos(time));
}

void ErrorTable::Add(const ErrorCount& errors, absl::string_view agent) {
  ErrorRow* const row = RowOf(errors.cause, errors.method, errors.name);
  if (row == nullptr) {
    folded_ += errors.count;
    return;
  }
  row->error.count += errors.count;
  row->error.first_unix_nanos = std::min(row->error.first_unix_nanos, errors.first_unix_nanos);
  if (agent.empty()) {
    return;
  }
  const auto known = row->agents.find(std::string(agent));
  if (known != row->agents.end()) {
    known->second += errors.count;
  } else if (row->agents.size() < kMostAgents) {
    row->agents.emplace(agent, errors.count);
  }
}

std::vector<ErrorRow> ErrorTable::Rows() const {
  std::vector<ErrorRow> rows;
  rows.reserve(rows_.size());
  for (const auto& [key, row] : rows_) {
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const ErrorRow& a, const ErrorRow& b) {
    return std::tie(b.error.count, a.error.first_unix_nanos, a.error.cause, a.error.method,
                    a.error.name) < std::tie(a.error.count, b.error.first_unix_nanos, b.error.cause,
                                             b.error.method, b.error.name);
  });
  return rows;
}

void ErrorTable::Clear() {
  rows_.clear();
  folded_ = 0;
}

}  // namespace lockstep
