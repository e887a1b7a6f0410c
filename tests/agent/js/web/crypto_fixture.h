// Runs code with the global `crypto` in a VU.
#pragma once

#include <string>
#include <vector>

#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {

class WebCrypto : public HostTest {
 protected:
  WebCrypto() : HostTest(1) {}
  // What the async function body `code` returns, or "name: message" of what it throws.
  std::string Run(const std::string& code) {
    std::vector<std::string> lines = LinesOf(absl::StrCat(R"(
      const s = crypto.subtle, bytes = (t) => new TextEncoder().encode(t);
      const hex = (b) => Array.from(new Uint8Array(b), (x) => x.toString(16).padStart(2, '0')).join('');
      const text = (b) => new TextDecoder().decode(b);
      const raw = (t, a, ...u) => s.importKey('raw', bytes(t), a, false, u);
      const code = async () => {)",
                                                          code, R"(};
      export default async function () {
        try { console.log(await code()); } catch (e) { console.log(`${e.name}: ${e.message}`); }
      })"));
    Reset();
    return lines.empty() ? "(nothing)" : lines.back();
  }
};

}  // namespace lockstep::agent
