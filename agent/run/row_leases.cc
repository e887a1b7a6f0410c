#include "agent/run/row_leases.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {

void RowLeases::Ask(RowLease lease) {
  v1::AgentMessage message;
  message.mutable_row_lease()->set_queue(lease.queue);
  message.mutable_row_lease()->set_rows(lease.rows);
  message.mutable_row_lease()->set_wrap(lease.wrap);
  waiting_[lease.queue] = std::move(lease.done);
  sender_.Send(std::move(message));
}

void RowLeases::OnLeased(const v1::RowsLeased& leased) {
  if (leased.first() < 0 || leased.count() < 0) {
    sender_.Fail(absl::StrCat("rows_leased: ", leased.count(), " rows from ", leased.first(),
                              ": neither may be negative"));
    return;
  }
  const auto found = waiting_.find(leased.queue());
  if (found == waiting_.end()) {
    return;  // who asked has been interrupted for good
  }
  auto done = std::move(found->second);
  waiting_.erase(found);
  done(leased.first(), leased.count());
}

}  // namespace lockstep::agent
