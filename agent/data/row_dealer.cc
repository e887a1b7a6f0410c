#include "agent/data/row_dealer.h"

#include <utility>

#include "common/base/random.h"

namespace lockstep::agent {

std::optional<RowOrder> ParseRowOrder(absl::string_view name) {
  for (const auto& [known, order] :
       {std::pair("unique", RowOrder::kUnique), std::pair("queue", RowOrder::kQueue),
        std::pair("vu", RowOrder::kVu), std::pair("random", RowOrder::kRandom)}) {
    if (name == known) {
      return order;
    }
  }
  return std::nullopt;
}

std::optional<int64_t> RowDealer::RowOf(int64_t number) const {
  if (number < 0 || table_.size() == 0) {
    return std::nullopt;
  }
  if (number < table_.size()) {
    return number;
  }
  return rules_.wrap ? std::optional(number % table_.size()) : std::nullopt;
}

std::optional<int64_t> RowDealer::NextUnique(const SegmentTuple& segment) {
  return RowOf(segment.Unscale(dealt_.fetch_add(1)));
}

std::optional<int64_t> RowDealer::Random(int64_t vu_id_in_test, uint64_t call) const {
  if (table_.size() == 0) {
    return std::nullopt;
  }
  const uint64_t vu = lockstep::Random(rules_.seed).Next() ^ static_cast<uint64_t>(vu_id_in_test);
  lockstep::Random of_call(lockstep::Random(vu).Next() ^ call);
  return static_cast<int64_t>(of_call.Below(static_cast<uint64_t>(table_.size())));
}

RowDealer::Turn RowDealer::Take(int64_t* row) {
  const MutexLock lock(mutex_);
  if (block_.count == 0) {
    return exhausted_ ? Turn::kNoMore : Turn::kWait;
  }
  const std::optional<int64_t> next = RowOf(block_.first);
  ++block_.first;
  --block_.count;
  if (!next.has_value()) {
    return Turn::kNoMore;
  }
  *row = *next;
  return Turn::kTaken;
}

bool RowDealer::WaitForBlock(absl::AnyInvocable<void()> wake) {
  {
    const MutexLock lock(mutex_);
    if (block_.count == 0 && !exhausted_) {
      waiting_.push_back(std::move(wake));
      return !std::exchange(asked_, true);
    }
  }
  wake();
  return false;
}

void RowDealer::Fill(RowBlock block) {
  std::vector<absl::AnyInvocable<void()>> waiting;
  {
    const MutexLock lock(mutex_);
    block_ = block;
    exhausted_ = block.count == 0;
    asked_ = false;
    waiting = std::exchange(waiting_, {});
  }
  for (absl::AnyInvocable<void()>& wake : waiting) {
    wake();
  }
}

RowBlock RowDealer::TakeBack() {
  const MutexLock lock(mutex_);
  const RowBlock left = block_;
  block_ = {.first = block_.first + block_.count, .count = 0};
  return left;
}

}  // namespace lockstep::agent
