#include "common/segment/deal.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <set>
#include <utility>

#include "common/base/check.h"

namespace lockstep {
namespace {

// The segments' indices from the longest to the shortest; ties in order.
std::vector<size_t> ByLength(const std::vector<int64_t>& lengths) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });
  return order;
}

}  // namespace

// A segment that has taken `t` elements may take another from element ceil(t * period / length) on,
// so it sleeps in a queue until then, and of those awake the longest takes.
std::vector<std::vector<uint32_t>> DealStriped(const std::vector<int64_t>& lengths,
                                               int64_t period) {
  const std::vector<size_t> order = ByLength(lengths);
  std::vector<std::vector<uint32_t>> owned(lengths.size());
  using Wake = std::pair<int64_t, size_t>;  // element, rank
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> asleep;
  std::set<size_t> awake;  // ranks
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const int64_t length = lengths[order[rank]];
    if (length > 0) {
      owned[order[rank]].reserve(static_cast<size_t>(length));
      awake.insert(rank);
    }
  }
  for (int64_t element = 0; element < period; ++element) {
    while (!asleep.empty() && asleep.top().first <= element) {
      awake.insert(asleep.top().second);
      asleep.pop();
    }
    LOCKSTEP_CHECK(!awake.empty());  // the lengths add up to the period: somebody is always behind
    const size_t rank = *awake.begin();
    awake.erase(awake.begin());
    const size_t segment = order[rank];
    owned[segment].push_back(static_cast<uint32_t>(element));
    const auto taken = static_cast<int64_t>(owned[segment].size());
    if (taken < lengths[segment]) {
      asleep.emplace((taken * period + lengths[segment] - 1) / lengths[segment], rank);
    }
  }
  return owned;
}

// A segment of length n takes its elements at the times (2t + 1) / n, which are compared exactly:
// both factors are below 2^32.
std::vector<std::vector<uint32_t>> DealFair(const std::vector<int64_t>& lengths, int64_t period) {
  struct Turn {
    uint64_t twice;   // 2t + 1
    uint64_t length;  // n
    size_t rank;
    bool operator>(const Turn& other) const {
      const uint64_t mine = twice * other.length;
      const uint64_t others = other.twice * length;
      return mine != others ? mine > others : rank > other.rank;
    }
  };
  const std::vector<size_t> order = ByLength(lengths);
  std::vector<std::vector<uint32_t>> owned(lengths.size());
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const int64_t length = lengths[order[rank]];
    if (length > 0) {
      owned[order[rank]].reserve(static_cast<size_t>(length));
      turns.push({1, static_cast<uint64_t>(length), rank});
    }
  }
  for (int64_t element = 0; element < period; ++element) {
    Turn turn = turns.top();
    turns.pop();
    owned[order[turn.rank]].push_back(static_cast<uint32_t>(element));
    turn.twice += 2;
    turns.push(turn);
  }
  return owned;
}

}  // namespace lockstep
