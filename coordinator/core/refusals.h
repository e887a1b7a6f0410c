// Who was turned away, and why: counted by kind, and reported without drowning people in lines when
// a peer tries again and again, or a thousand do. All calls on one loop.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"

#include "common/base/clock.h"
#include "common/base/log.h"

namespace lockstep::coordinator {

// The kinds, as counters name them.
inline constexpr char kRefusedProtocol[] = "protocol";        // not what this port speaks
inline constexpr char kRefusedSilence[] = "silence";          // connected, and said nothing
inline constexpr char kRefusedCertificate[] = "certificate";  // missing, expired, foreign, revoked
inline constexpr char kRefusedRole[] = "role";                // a call that is not its role's
inline constexpr char kRefusedToken[] = "token";              // no proof, or a wrong one
inline constexpr char kRefusedJoin[] = "join";                // another version, a name in use, ...
inline constexpr char kRefusedMessage[] = "message";          // malformed, or out of place
inline constexpr char kRefusedUncalled[] = "uncalled";        // connected, and never called
inline constexpr char kRefusedLimit[] = "limit";              // too many connections

class Refusals {
 public:
  // `clock` and `logger` are borrowed and outlive this.
  Refusals(const Clock& clock, Logger& logger) : clock_(clock), logger_(logger) {}

  // `who` is a name or an address. The same refusal of the same peer, whatever its port, is
  // reported again after 30 s, and then after twice as long each time, up to an hour; and at most
  // 10 refusals a second are.
  void Add(absl::string_view kind, absl::string_view who, absl::string_view reason);
  const std::map<std::string, int64_t>& counts() const { return counts_; }

 private:
  bool MayTell(const std::string& refusal);

  const Clock& clock_;
  Logger& logger_;
  std::map<std::string, int64_t> counts_;
  struct Told {
    MonoTime at;
    MonoTime seen;         // last
    absl::Duration again;  // after so long
  };
  std::map<std::string, Told> told_;  // by refusal
  MonoTime second_began_;
  int told_in_second_ = 0;
  int64_t untold_ = 0;
};

}  // namespace lockstep::coordinator
