// Questions to name servers, as scripts ask them; what connections need of names is not asked this
// way. All calls on the loop's thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace lockstep::agent {

enum class DnsRecord { kA, kAaaa };

class DnsClient {
 public:
  // The addresses as texts, in the answer's order; none: the name has none of the kind. NotFound:
  // there is no such name.
  // DeadlineExceeded: nobody has answered. InvalidArgument: the name or the server is none.
  // PermissionDenied: a rule of the run. ResourceExhausted: more questions than kMostDnsQuestions
  // to one server, or more servers than kMostDnsServers.
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::vector<std::string>>)>;

  virtual ~DnsClient() = default;
  // Asks `server` ("8.8.8.8:53", "[::1]:53") for `record`s of `name`, once. `done` is called once,
  // possibly at once.
  virtual void Resolve(const std::string& name, DnsRecord record, const std::string& server,
                       Done done) = 0;
  // The addresses that the system's files and name servers give `host`, asked anew each time.
  virtual void LookUp(const std::string& host, Done done) = 0;
};

// Of one worker, without an answer.
inline constexpr size_t kMostDnsQuestions = 10'000;
inline constexpr size_t kMostDnsServers = 1'000;

}  // namespace lockstep::agent
