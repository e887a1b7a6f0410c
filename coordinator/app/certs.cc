#include "coordinator/app/certs.h"

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "coordinator/console/streams.h"
#include "coordinator/trust/authority_folder.h"

namespace lockstep::coordinator {
namespace {

constexpr int64_t kAuthorityDays = kMostCertificateDays;
constexpr int64_t kCertificateDays = 365;

absl::Duration Lifetime(const CertsCommand& command, int64_t fallback) {
  return absl::Hours(24) * command.days.value_or(fallback);
}

absl::StatusOr<std::string> Init(const CertsCommand& command, absl::Time now) {
  LOCKSTEP_RETURN_IF_ERROR(InitAuthority(command.folder,
                                         command.name.empty() ? "lockstep-fleet" : command.name,
                                         Lifetime(command, kAuthorityDays), now));
  return absl::StrCat("made the authority in ", command.folder,
                      "; keep it where no test runs. Next: lockstep certs coordinator --host HOST, "
                      "lockstep certs agent, lockstep certs operator\n");
}

absl::StatusOr<std::string> IssueFor(Role role, const CertsCommand& command, absl::Time now) {
  const std::string name = command.name.empty() ? std::string(RoleName(role)) : command.name;
  const std::string out = command.out.empty() ? name : command.out;
  LOCKSTEP_RETURN_IF_ERROR(IssueInto(command.folder, out,
                                     {.role = role,
                                      .name = name,
                                      .hosts = command.hosts,
                                      .lifetime = Lifetime(command, kCertificateDays)},
                                     now));
  return absl::StrCat("made the credentials of ", RoleName(role), " ", name, " in ", out,
                      "; use them with --credentials ", out, "\n");
}

absl::StatusOr<std::string> Renew(const CertsCommand& command, absl::Time now) {
  const std::string out = command.out.empty() ? command.name : command.out;
  std::optional<absl::Duration> lifetime;
  if (command.days.has_value()) {
    lifetime = Lifetime(command, *command.days);
  }
  LOCKSTEP_RETURN_IF_ERROR(RenewIssued(command.folder, out, command.name, lifetime, now));
  return absl::StrCat(
      "renewed the credentials of ", command.name, " in ", out,
      "; the former certificate stays good until it ends (lockstep certs revoke takes "
      "back both)\n");
}

absl::StatusOr<std::string> Revoke(const CertsCommand& command, absl::Time now) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string list,
                            RevokeIssued(command.folder, command.name, now));
  return absl::StrCat("revoked ", command.name, "; copy ", list,
                      " into the folders of credentials of the coordinator and the agents\n");
}

// A file's error with the flag that its folder comes from, if it was given, and what to do where
// that is known.
absl::Status WithFlag(const absl::Status& status, const CertsCommand& command) {
  const std::string text(status.message());
  const bool authority = absl::StartsWith(text, command.folder);
  if (status.ok() || absl::IsInvalidArgument(status) ||
      (absl::IsFailedPrecondition(status) && !authority) || !absl::StrContains(text, "/")) {
    return status;
  }
  if (absl::IsNotFound(status) && authority && absl::StrContains(text, "/issued/")) {
    return absl::NotFoundError(
        absl::StrCat("no certificate was issued to \"", command.name, "\": ", text));
  }
  absl::string_view hint;
  if (absl::IsNotFound(status) && authority && command.verb != CertsCommand::Verb::kInit) {
    hint = "; `lockstep certs init` makes an authority";
  } else if (absl::IsAlreadyExists(status)) {
    hint = absl::StrContains(text, "/issued/")
               ? "; this name has a certificate: renew it, or take another name"
               : "; nothing is overwritten: name another folder";
  }
  const bool given = authority ? command.folder != CertsCommand().folder : !command.out.empty();
  return absl::Status(status.code(), absl::StrCat(!given      ? ""
                                                  : authority ? "--folder: "
                                                              : "--out: ",
                                                  text, hint));
}

absl::StatusOr<std::string> Act(const CertsCommand& command, absl::Time now) {
  switch (command.verb) {
    case CertsCommand::Verb::kInit:
      return Init(command, now);
    case CertsCommand::Verb::kCoordinator:
      return IssueFor(Role::kCoordinator, command, now);
    case CertsCommand::Verb::kAgent:
      return IssueFor(Role::kAgent, command, now);
    case CertsCommand::Verb::kOperator:
      return IssueFor(Role::kOperator, command, now);
    case CertsCommand::Verb::kRenew:
      return Renew(command, now);
    case CertsCommand::Verb::kRevoke:
      return Revoke(command, now);
  }
  return absl::InternalError("no such verb");
}

}  // namespace

ExitCode ExecuteCerts(const CertsCommand& command, absl::Time now, Logger& logger) {
  const absl::StatusOr<std::string> done =
      command.folder.empty()
          ? absl::InvalidArgumentError("--folder: invalid value \"\": expected a folder's name")
          : Act(command, now);
  if (!done.ok()) {
    logger.Error(std::string(WithFlag(done.status(), command).message()));
    return ExitCode::kOther;
  }
  WriteStdout(*done);
  return ExitCode::kSuccess;
}

}  // namespace lockstep::coordinator
