// TypeScript without its types: a transformer from npm (agent/js/vendor), run in a context of its
// own. Lines stay where they are, so that stack traces name the right ones.
#pragma once

#include <string>

namespace lockstep::agent {

class World;

// Replaces `text`, the content of `url`, with plain JavaScript. False with a pending exception if
// it cannot be parsed. Each file is transformed once per isolate.
bool StripTypes(World& world, const std::string& url, std::string* text);

}  // namespace lockstep::agent
