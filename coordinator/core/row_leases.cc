#include "coordinator/core/row_leases.h"

#include <algorithm>

#include "common/base/status_macros.h"

namespace lockstep::coordinator {

absl::Status RowLeases::OnLease(const RunMember& member, const v1::RowLease& lease) {
  LOCKSTEP_RETURN_IF_ERROR(queues_.Ask(member.id, lease));
  Deal();
  return absl::OkStatus();
}

absl::Status RowLeases::OnReturned(const RunMember& member, const v1::RowsReturned& returned) {
  LOCKSTEP_RETURN_IF_ERROR(queues_.Return(member.id, returned));
  Deal();
  return absl::OkStatus();
}

void RowLeases::Deal() {
  sender_.SendEach(
      queues_.Deal(static_cast<int64_t>(std::max<size_t>(roster_.Present().size(), 1))));
}

}  // namespace lockstep::coordinator
