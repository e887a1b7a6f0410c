#include "agent/run/row_leases.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {

void RowLeases::Ask(RowLease lease) {
  const std::string name = lease.queue;
  Queue& queue = queues_[name];
  queue.lease = std::move(lease);
  queue.goes_back = false;
  if (std::exchange(queue.asked, true)) {
    return;  // what was asked for before comes to who asks now
  }
  v1::AgentMessage message;
  message.mutable_row_lease()->set_queue(name);
  message.mutable_row_lease()->set_rows(queue.lease.rows);
  message.mutable_row_lease()->set_wrap(queue.lease.wrap);
  sender_.Send(std::move(message));
}

void RowLeases::OnLeased(const v1::RowsLeased& leased) {
  if (leased.first() < 0 || leased.count() < 0) {
    sender_.Fail(absl::StrCat("rows_leased: ", leased.count(), " rows from ", leased.first(),
                              ": neither may be negative"));
    return;
  }
  const auto found = queues_.find(leased.queue());
  if (found == queues_.end() || !std::exchange(found->second.asked, false)) {
    sender_.Fail(absl::StrCat("rows_leased: nobody has asked for any of ", leased.queue()));
    return;
  }
  Queue& queue = found->second;
  const RowRange rows{leased.first(), leased.count()};
  if (queue.lease.done) {
    queue.lease.done(rows);
  } else if (rows.count > 0) {
    Send(leased.queue(), rows);
  }
  if (std::exchange(queue.goes_back, false)) {
    Return(leased.queue(), queue);
  }
}

void RowLeases::OnRecalled(const v1::RowsRecalled& recalled) {
  if (const auto found = queues_.find(recalled.queue());
      found != queues_.end() && found->second.lease.take_back) {
    Send(recalled.queue(), found->second.lease.take_back());
  }  // else all has gone back
}

void RowLeases::GiveBack() {
  for (auto& [name, queue] : queues_) {
    Return(name, queue);
    queue.goes_back = queue.asked;
  }
}

void RowLeases::Forget() {
  GiveBack();
  for (auto& [name, queue] : queues_) {
    queue.lease = RowLease();
  }
}

void RowLeases::Return(const std::string& name, Queue& queue) {
  if (queue.lease.take_back) {
    Send(name, queue.lease.take_back());  // or word that nothing is left
  }
}

void RowLeases::Send(const std::string& name, RowRange rows) {
  v1::AgentMessage message;
  message.mutable_rows_returned()->set_queue(name);
  message.mutable_rows_returned()->set_first(rows.first);
  message.mutable_rows_returned()->set_count(rows.count);
  sender_.Send(std::move(message));
}

}  // namespace lockstep::agent
