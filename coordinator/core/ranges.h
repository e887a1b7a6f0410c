// Numbers of rows or iterations as ranges, in the order in which they are to be used: what nobody
// has, or what somebody has and has not used. Few at a time. Pure.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace lockstep::coordinator {

struct Range {
  int64_t first = 0;
  int64_t count = 0;  // > 0 in Ranges
  bool operator==(const Range&) const = default;
};

class Ranges {
 public:
  Ranges() = default;
  explicit Ranges(std::vector<Range> ranges) : ranges_(std::move(ranges)) {}

  bool empty() const { return ranges_.empty(); }
  int64_t count() const;  // of the numbers
  const std::vector<Range>& ranges() const { return ranges_; }
  std::vector<Range>& ranges() { return ranges_; }

  // Takes out the next numbers, up to `most` > 0 of them and no more than are in a row. Not of
  // none.
  Range Take(int64_t most);
  // Takes out `part`, wherever it is. False, and nothing: not all of it is there in a row.
  bool Remove(const Range& part);
  // Before all others, in their order.
  void PutFirst(const Ranges& others);
  void PutLast(const Range& range) { ranges_.push_back(range); }

 private:
  std::vector<Range> ranges_;
};

}  // namespace lockstep::coordinator
