// Which node of a cluster has which key (the cluster specification of Redis). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/redis/resp.h"

namespace lockstep::agent {

inline constexpr int kSlots = 16384;

// The slot of a key: of what is between its first braces, if there is something, so that keys can
// be kept together.
int SlotOf(absl::string_view key);

struct RedisNode {
  std::string host;
  int port = 0;

  friend bool operator==(const RedisNode&, const RedisNode&) = default;
};

// "host:port", as in a redirection. Nothing: that is none. A redirection may leave out the host,
// which is then `host`.
std::optional<RedisNode> ParseNode(absl::string_view text, absl::string_view host);

class SlotMap {
 public:
  // From the reply to CLUSTER SLOTS, which `host` gave: masters only. InvalidArgument: it is none.
  static absl::StatusOr<SlotMap> Parse(const RespValue& reply, absl::string_view host);

  // Null if nobody has the slot.
  const RedisNode* Find(int slot) const;
  void Set(int slot, const RedisNode& node);
  // Any node of the cluster, for commands without a key.
  const RedisNode* First() const { return nodes_.empty() ? nullptr : &nodes_.front(); }

 private:
  int16_t IndexOf(const RedisNode& node);

  std::vector<RedisNode> nodes_;
  std::vector<int16_t> slots_ = std::vector<int16_t>(kSlots, -1);  // indices into nodes_
};

}  // namespace lockstep::agent
