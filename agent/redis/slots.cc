#include "agent/redis/slots.h"

#include <algorithm>

#include "absl/strings/numbers.h"

namespace lockstep::agent {
namespace {

// CRC-16/XMODEM: polynomial 0x1021, from 0.
uint16_t Crc16(absl::string_view bytes) {
  uint16_t crc = 0;
  for (const char byte : bytes) {
    crc = static_cast<uint16_t>(crc ^ (static_cast<unsigned char>(byte) << 8));
    for (int bit = 0; bit < 8; ++bit) {
      const bool carry = (crc & 0x8000) != 0;
      crc = static_cast<uint16_t>(crc << 1);
      if (carry) {
        crc = static_cast<uint16_t>(crc ^ 0x1021);
      }
    }
  }
  return crc;
}

absl::Status NoSlots() {
  return absl::InvalidArgumentError("the answer to CLUSTER SLOTS is none");
}

bool IsInteger(const RespValue& value) {
  return value.kind == RespValue::Kind::kInteger;
}

}  // namespace

int SlotOf(absl::string_view key) {
  const size_t open = key.find('{');
  if (open != absl::string_view::npos) {
    const size_t close = key.find('}', open);
    if (close != absl::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  return Crc16(key) % kSlots;
}

std::optional<RedisNode> ParseNode(absl::string_view text, absl::string_view host) {
  const size_t colon = text.rfind(':');
  RedisNode node;
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(text.substr(colon + 1), &node.port) ||
      node.port < 1 || node.port > 65535) {
    return std::nullopt;
  }
  node.host = std::string(colon == 0 ? host : text.substr(0, colon));
  return node.host.empty() ? std::nullopt : std::optional<RedisNode>(std::move(node));
}

absl::StatusOr<SlotMap> SlotMap::Parse(const RespValue& reply, absl::string_view host) {
  SlotMap map;
  if (reply.kind != RespValue::Kind::kArray) {
    return NoSlots();
  }
  // Each: first slot, last slot, the master as [host, port, ...], its replicas.
  for (const RespValue& range : reply.elements) {
    const std::vector<RespValue>& parts = range.elements;
    if (parts.size() < 3 || !IsInteger(parts[0]) || !IsInteger(parts[1]) ||
        parts[2].elements.size() < 2 || !IsInteger(parts[2].elements[1]) || parts[0].integer < 0 ||
        parts[1].integer >= kSlots) {
      return NoSlots();
    }
    RedisNode node{.host = parts[2].elements[0].text,
                   .port = static_cast<int>(parts[2].elements[1].integer)};
    if (node.host.empty() || node.host == "?") {
      node.host = std::string(host);  // the one that was asked
    }
    const int16_t index = map.IndexOf(node);
    for (int64_t slot = parts[0].integer; slot <= parts[1].integer; ++slot) {
      map.slots_[static_cast<size_t>(slot)] = index;
    }
  }
  return map;
}

int16_t SlotMap::IndexOf(const RedisNode& node) {
  const auto known = std::find(nodes_.begin(), nodes_.end(), node);
  if (known == nodes_.end()) {
    nodes_.push_back(node);
    return static_cast<int16_t>(nodes_.size() - 1);
  }
  return static_cast<int16_t>(known - nodes_.begin());
}

const RedisNode* SlotMap::Find(int slot) const {
  const int16_t index = slots_[static_cast<size_t>(slot)];
  return index < 0 ? nullptr : &nodes_[static_cast<size_t>(index)];
}

void SlotMap::Set(int slot, const RedisNode& node) {
  slots_[static_cast<size_t>(slot)] = IndexOf(node);
}

}  // namespace lockstep::agent
