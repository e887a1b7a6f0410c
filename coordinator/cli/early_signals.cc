// A signal that comes before a test is there to be interrupted ends the program as it does later:
// with a line, and with exit code 105. From before the constructors of the shared libraries on,
// until Signals takes over.
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/base/exit_code.h"

namespace lockstep::coordinator {
namespace {

// Not yet, where a sanitizer is: it is set up at the same time.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

constexpr char kSaid[] = "lockstep: interrupted before the test had begun\n";
// The others have nothing to end in order.
constexpr const char* kOfTests[] = {"run", "coordinator", "inspect", "archive", "plan"};

void End(int /*number*/) {
  if (write(STDERR_FILENO, kSaid, sizeof(kSaid) - 1) < 0) {
    // Nobody is there to hear it.
  }
  _exit(static_cast<int>(ExitCode::kExternalAbort));
}

bool IsAboutATest(int count, char** words) {
  for (int i = 1; i < count; ++i) {
    for (const char* command : kOfTests) {
      if (strcmp(words[i], command) == 0) {
        return true;
      }
    }
  }
  return false;
}

void TakeSignals(int count, char** words, char** /*environment*/) {
  if (!IsAboutATest(count, words)) {
    return;
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action = {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) {
      action.sa_handler = &End;
      sigaction(number, &action, nullptr);
    }
  }
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): it is const, and a function cannot be
__attribute__((section(".preinit_array"), used)) void (*const kFirst)(int, char**,
                                                                      char**) = &TakeSignals;

#endif

}  // namespace
}  // namespace lockstep::coordinator
