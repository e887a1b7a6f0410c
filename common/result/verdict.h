// The end of a run at one glance: whether it passed, what failed, how often and where, and whether
// the load generator was steady. One model, made once at the end, as text and as JSON. Pure.
//
// | word        | exit code | when                                                              |
// |-------------|-----------|-------------------------------------------------------------------|
// | PASSED      | 0         | thresholds were judged and none failed, or, without any that had   |
// |             |           | samples, all checks passed and nothing else failed                 |
// | DONE        | 0         | there was nothing to judge, and nothing failed                     |
// | ERRORS      | 0         | something failed, and no threshold says how much of that may       |
// |             |           | (those on durations do not); or an output lacks something          |
// | INTERRUPTED | 105       | a signal ended it                                                  |
// | STOPPED     | 103       | a control command or the REST API ended it                         |
// | ABORTED     | 108       | the script ended it                                                |
// | FAILED      | the rest  |                                                                    |
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

#include "common/base/exit_code.h"
#include "common/health/judge.h"
#include "common/summary/summary.h"

namespace lockstep {

enum class VerdictWord { kDone, kPassed, kErrors, kInterrupted, kStopped, kAborted, kFailed };
// As in the table above: "PASSED".
absl::string_view TextOf(VerdictWord word);
// Unset: it is none of them.
std::optional<VerdictWord> ParseVerdictWord(absl::string_view text);
// Whether it says that nothing was wrong: PASSED or DONE.
inline bool IsGood(VerdictWord word) {
  return word == VerdictWord::kPassed || word == VerdictWord::kDone;
}

struct EndVerdict {
  struct Part {
    uint64_t failed = 0;
    uint64_t total = 0;
  };
  VerdictWord word = VerdictWord::kDone;
  std::string reason;  // of a word that is not about success, on one line; empty: the parts say it
  Part thresholds;
  uint64_t thresholds_judged = 0;  // those of them that had samples to judge, or need none
  bool failures_judged = false;    // one of those says how much may fail
  Part requests;                   // HTTP, as http_req_failed counts them
  Part checks;
  // That scripts threw and did not catch, beyond setup() and teardown(), and iterations that
  // --max-vu-block interrupted.
  uint64_t exceptions = 0;
  uint64_t others = 0;       // failures of other kinds: gRPC calls, WebSockets
  double iterations = 0;     // full ones
  uint64_t interrupted = 0;  // iterations that were cut: what they waited for is in no count
  std::vector<std::string> lost = {};  // what outputs lack, as Summary::lost has it
  Judgement judgement;

  // Whether anything failed, whoever judges it. Outputs apart.
  bool clean() const {
    return thresholds.failed + requests.failed + checks.failed + exceptions + others == 0;
  }
};

// Counts the exceptions and what else failed in the table of errors, requests apart: those are
// counted before.
void CountErrors(const std::vector<ErrorRow>& errors, uint64_t folded, EndVerdict* verdict);
// By what is counted in `verdict`.
VerdictWord WordFor(const EndVerdict& verdict, ExitCode code);

// `reason`: why the run ended with `code`, as the log says it; of several lines, the first counts.
EndVerdict MakeVerdict(const Summary& summary, const Judgement& judgement, ExitCode code,
                       absl::string_view reason);

// What is said beside the word: "2 of 5 thresholds", "648 of 864 requests failed (75%)".
struct VerdictPhrase {
  std::string text;
  bool failed = false;
};
std::vector<VerdictPhrase> PhrasesOf(const EndVerdict& verdict);

struct VerdictLook {
  size_t columns = 0;  // lines are cut to so many; 0: whole lines
  bool color = false;
};
// The block at the end: the word with the counts, the most frequent rows of `summary.errors`, the
// load generator's validity, and what outputs lack. Several lines, each with its line break.
std::string RenderVerdict(const EndVerdict& verdict, const Summary& summary,
                          const VerdictLook& look);
// The same on one line, for logs: "FAILED: 2 of 5 thresholds; 216 x 500 GET /status/500".
std::string VerdictLine(const EndVerdict& verdict, const Summary& summary);
// `word`, `reason`, and `failed` and `total` of `thresholds`, `requests` and `checks`; `exceptions`
// and `others`; `interrupted` and `lost`, if there is anything. The judgement is not in it.
nlohmann::json VerdictJson(const EndVerdict& verdict);

}  // namespace lockstep
