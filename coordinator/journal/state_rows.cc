#include "coordinator/journal/state_rows.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/status_macros.h"
#include "coordinator/journal/state_fields.h"

namespace lockstep::coordinator {
namespace {

std::string SubjectOf(AgentId agent) {
  return absl::StrCat("agent ", static_cast<uint32_t>(agent));
}

// ---- values ----

// The VUs of a scenario in one text, as there may be very many and it is made at each commit: for each
// "next end holder", then " agent ask wanted over" of all who wait, then ";". The holder is 0 without one.
std::string VusText(const std::vector<VuLeases::Vu>& vus) {
  std::string text;
  for (const VuLeases::Vu& vu : vus) {
    const AgentId holder = vu.holder.value_or(AgentId{});
    absl::StrAppend(&text, vu.next, " ", vu.end, " ", static_cast<uint32_t>(holder));
    for (const VuLeases::Waiter& waiter : vu.waiting) {
      absl::StrAppend(&text, " ", static_cast<uint32_t>(waiter.agent), " ", waiter.ask, " ",
                      waiter.wanted, " ", waiter.over ? 1 : 0);
    }
    text += ';';
  }
  return text;
}

// False: it is no such text.
bool ReadVus(absl::string_view text, std::vector<VuLeases::Vu>* vus) {
  for (const absl::string_view part : absl::StrSplit(text, ';', absl::SkipEmpty())) {
    std::vector<int64_t> numbers;
    for (const absl::string_view word : absl::StrSplit(part, ' ')) {
      if (!absl::SimpleAtoi(word, &numbers.emplace_back())) {
        return false;
      }
    }
    if (numbers.size() < 3 || numbers.size() % 4 != 3) {
      return false;
    }
    VuLeases::Vu& vu = vus->emplace_back();
    vu.next = numbers[0];
    vu.end = numbers[1];
    if (numbers[2] != 0) {
      vu.holder = AgentId{static_cast<uint32_t>(numbers[2])};
    }
    for (size_t i = 3; i < numbers.size(); i += 4) {
      vu.waiting.push_back({.agent = AgentId{static_cast<uint32_t>(numbers[i])},
                            .ask = numbers[i + 1],
                            .wanted = numbers[i + 2],
                            .over = numbers[i + 3] != 0});
    }
  }
  return true;
}

SqlValue ToValue(const std::string& text) {
  return text;
}
SqlValue ToValue(const std::vector<VuLeases::Vu>& vus) {
  return VusText(vus);
}
SqlValue ToValue(double number) {
  return number;
}
SqlValue ToValue(MonoTime time) {
  return time.nanos();
}
SqlValue ToValue(absl::Duration duration) {
  return absl::ToInt64Nanoseconds(duration);
}
SqlValue ToValue(absl::Time time) {
  return absl::ToUnixNanos(time);
}
template <typename T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) SqlValue ToValue(T value) {
  return static_cast<int64_t>(value);
}
template <typename T>
requires(std::is_base_of_v<google::protobuf::MessageLite, T>) SqlValue ToValue(const T& message) {
  return Blob{message.SerializeAsString()};
}
template <typename T>
SqlValue ToValue(const std::optional<T>& value) {
  return value.has_value() ? ToValue(*value) : SqlValue();
}

bool FromValue(const SqlValue& value, std::string* text) {
  const auto* found = std::get_if<std::string>(&value);
  *text = found == nullptr ? "" : *found;
  return found != nullptr;
}
bool FromValue(const SqlValue& value, std::vector<VuLeases::Vu>* vus) {
  const auto* found = std::get_if<std::string>(&value);
  return found != nullptr && ReadVus(*found, vus);
}
bool FromValue(const SqlValue& value, double* number) {
  const auto* found = std::get_if<double>(&value);
  *number = found == nullptr ? 0 : *found;
  return found != nullptr;
}
template <typename T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) bool FromValue(const SqlValue& value,
                                                                    T* number) {
  const auto* found = std::get_if<int64_t>(&value);
  *number = found == nullptr ? T{} : static_cast<T>(*found);
  return found != nullptr;
}
bool FromValue(const SqlValue& value, MonoTime* time) {
  int64_t nanos = 0;
  const bool found = FromValue(value, &nanos);
  *time = MonoTime::FromNanos(nanos);
  return found;
}
bool FromValue(const SqlValue& value, absl::Duration* duration) {
  int64_t nanos = 0;
  const bool found = FromValue(value, &nanos);
  *duration = nanos == std::numeric_limits<int64_t>::max() ? absl::InfiniteDuration()
                                                           : absl::Nanoseconds(nanos);
  return found;
}
bool FromValue(const SqlValue& value, absl::Time* time) {
  int64_t nanos = 0;
  const bool found = FromValue(value, &nanos);
  *time = absl::FromUnixNanos(nanos);
  return found;
}
template <typename T>
requires(std::is_base_of_v<google::protobuf::MessageLite, T>) bool FromValue(const SqlValue& value,
                                                                             T* message) {
  const auto* found = std::get_if<Blob>(&value);
  return found != nullptr && message->ParseFromString(found->bytes);
}
template <typename T>
bool FromValue(const SqlValue& value, std::optional<T>* optional) {
  if (std::holds_alternative<std::monostate>(value)) {
    optional->reset();
    return true;
  }
  return FromValue(value, &optional->emplace());
}

// ---- visits ----

class FieldWriter {
 public:
  template <typename T>
  void Field(const char* name, const T& value) {
    fields.emplace_back(prefix_.empty() ? std::string(name) : absl::StrCat(prefix_, name),
                        ToValue(value));
  }
  template <typename Items, typename VisitItem>
  void List(const char* name, Items& items, VisitItem visit_item) {
    const std::string outer = prefix_;
    Field(absl::StrCat(name, ".count").c_str(), items.size());
    size_t i = 0;
    for (auto& item : items) {
      prefix_ = absl::StrCat(outer, name, ".", i++, ".");
      visit_item(*this, item);
    }
    prefix_ = outer;
  }
  template <typename Items, typename VisitItem>
  void Map(const char* name, const char* key_name, Items& items, VisitItem visit_item) {
    List(name, items, [&](FieldWriter&, auto& item) {
      Field(key_name, item.first);
      visit_item(*this, item.second);
    });
  }
  std::vector<std::pair<std::string, SqlValue>> fields;

 private:
  std::string prefix_;
};

class FieldReader {
 public:
  FieldReader(std::string subject, const std::map<std::string, SqlValue>& fields)
      : subject_(std::move(subject)), fields_(fields) {}
  template <typename T>
  void Field(const char* name, T& value) {
    const std::string place = absl::StrCat(prefix_, name);
    const auto found = fields_.find(place);
    if (found == fields_.end() || !FromValue(found->second, &value)) {
      status_.Update(absl::DataLossError(
          absl::StrCat("journal: of ", subject_, ", ", place,
                       found == fields_.end() ? " is missing" : " is of another kind")));
    }
  }
  template <typename Items, typename VisitItem>
  void List(const char* name, Items& items, VisitItem visit_item) {
    items.clear();
    Each(name, [&] {
      items.emplace_back();
      visit_item(*this, items.back());
    });
  }
  template <typename Items, typename VisitItem>
  void Map(const char* name, const char* key_name, Items& items, VisitItem visit_item) {
    items.clear();
    Each(name, [&] {
      typename Items::key_type key{};
      Field(key_name, key);
      visit_item(*this, items[key]);
    });
  }
  const absl::Status& status() const { return status_; }

 private:
  template <typename VisitOne>
  void Each(const char* name, VisitOne visit_one) {
    const std::string outer = prefix_;
    size_t count = 0;
    Field(absl::StrCat(name, ".count").c_str(), count);
    for (size_t i = 0; i < count && status_.ok(); ++i) {
      prefix_ = absl::StrCat(outer, name, ".", i, ".");
      visit_one();
    }
    prefix_ = outer;
  }

  const std::string subject_;
  const std::map<std::string, SqlValue>& fields_;
  std::string prefix_;
  absl::Status status_;
};

// ---- subjects ----

constexpr auto kMemberIds = [](auto& visit, auto& id) { visit.Field("agent", id); };

const SessionCheckpoint* SessionOf(const FleetCheckpoint& fleet, AgentId agent) {
  const auto found =
      std::find_if(fleet.sessions.begin(), fleet.sessions.end(),
                   [agent](const SessionCheckpoint& session) { return session.agent == agent; });
  return found == fleet.sessions.end() ? nullptr : &*found;
}

// The answer to a request for a file may hold a secret, which belongs on no disk. Its number stays.
v1::CoordinatorMessage ForDisk(const v1::CoordinatorMessage& message) {
  v1::CoordinatorMessage kept = message;
  if (kept.has_file_reply()) {
    kept.mutable_file_reply()->clear_data();
    kept.mutable_file_reply()->set_error_code(static_cast<int32_t>(absl::StatusCode::kUnavailable));
    kept.mutable_file_reply()->set_error(
        "the coordinator was started again while the answer was on its way");
  }
  return kept;
}

}  // namespace

void StateRows::WriteSubject(const std::string& subject, const Fields& fields,
                             SqlChanges& changes) {
  Fields& before = written_[subject];
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i < before.size() && before[i] == fields[i]) {
      continue;
    }
    changes.Add("INSERT OR REPLACE INTO state (run, subject, field, value) VALUES (?,?,?,?)",
                {run_, subject, fields[i].first, fields[i].second});
  }
  before = fields;
}

void StateRows::Write(const RunCheckpoint& run, const FleetCheckpoint& fleet, SqlChanges& changes) {
  RunCheckpoint state = run;
  std::erase_if(state.members, [](const RunMember& member) { return member.joining; });
  std::vector<AgentId> members;
  for (const RunMember& member : state.members) {
    members.push_back(member.id);
  }
  FieldWriter writer;
  RunFields(writer, state);
  writer.List("members", members, kMemberIds);
  writer.Field("last_agent", fleet.last_id);
  WriteSubject("run", writer.fields, changes);
  for (const RunMember& member : state.members) {
    FieldWriter of_member;
    MemberFields(of_member, member);
    const SessionCheckpoint* const session = SessionOf(fleet, member.id);
    of_member.Field("has_session", session != nullptr);
    if (session != nullptr) {
      SessionFields(of_member, *session);
    }
    WriteSubject(SubjectOf(member.id), of_member.fields, changes);
  }
  WriteMessages(fleet, changes);
}

void StateRows::WriteMessages(const FleetCheckpoint& fleet, SqlChanges& changes) {
  for (const SessionCheckpoint& session : fleet.sessions) {
    const auto agent = static_cast<uint32_t>(session.agent);
    Messages& there = messages_[agent];
    const uint64_t first = session.sent - session.unacknowledged.size() + 1;
    if (there.first < first) {
      there.first = first;
      changes.Add("DELETE FROM message WHERE run = ? AND agent = ? AND number < ?",
                  {run_, static_cast<int64_t>(agent), static_cast<int64_t>(first)});
    }
    for (const v1::CoordinatorMessage& message : session.unacknowledged) {
      if (message.number() <= there.last) {
        continue;
      }
      changes.Add("INSERT OR REPLACE INTO message (run, agent, number, body) VALUES (?,?,?,?)",
                  {run_, static_cast<int64_t>(agent), static_cast<int64_t>(message.number()),
                   Blob{ForDisk(message).SerializeAsString()}});
    }
    there.last = std::max(there.last, session.sent);
  }
}

namespace {

absl::Status ReadMessages(Database& database, int64_t run, SessionCheckpoint* session) {
  bool whole = true;
  LOCKSTEP_RETURN_IF_ERROR(
      database.Query("SELECT body FROM message WHERE run = ? AND agent = ? ORDER BY number",
                     {run, static_cast<int64_t>(session->agent)}, [&](const SqlRow& row) {
                       v1::CoordinatorMessage& message = session->unacknowledged.emplace_back();
                       whole = message.ParseFromString(row.Text(0)) && whole;
                     }));
  const size_t count = session->unacknowledged.size();
  if (!whole || count > session->sent ||
      (count > 0 && session->unacknowledged.back().number() != session->sent)) {
    return absl::DataLossError(
        absl::StrCat("journal: the messages to agent ", session->name, " are not whole"));
  }
  return absl::OkStatus();
}

absl::Status ReadMember(Database& database, int64_t run,
                        const std::map<std::string, SqlValue>& fields, RunMember* member,
                        FleetCheckpoint* fleet) {
  FieldReader reader(SubjectOf(member->id), fields);
  MemberFields(reader, *member);
  bool has_session = false;
  reader.Field("has_session", has_session);
  if (!has_session || !reader.status().ok()) {
    return reader.status();
  }
  SessionCheckpoint session{.agent = member->id,
                            .name = member->name,
                            .weight = member->weight,
                            .labels = member->labels};
  SessionFields(reader, session);
  LOCKSTEP_RETURN_IF_ERROR(reader.status());
  LOCKSTEP_RETURN_IF_ERROR(ReadMessages(database, run, &session));
  fleet->sessions.push_back(std::move(session));
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadStateRows(Database& database, int64_t run, RunCheckpoint* state,
                           FleetCheckpoint* fleet) {
  std::map<std::string, std::map<std::string, SqlValue>> subjects;
  LOCKSTEP_RETURN_IF_ERROR(database.Query(
      "SELECT subject, field, value FROM state WHERE run = ?", {run},
      [&](const SqlRow& row) { subjects[row.Text(0)][row.Text(1)] = row.Value(2); }));
  std::vector<AgentId> members;
  FieldReader reader("run", subjects["run"]);
  RunFields(reader, *state);
  reader.List("members", members, kMemberIds);
  reader.Field("last_agent", fleet->last_id);
  LOCKSTEP_RETURN_IF_ERROR(reader.status());
  for (const AgentId id : members) {
    RunMember& member = state->members.emplace_back();
    member.id = id;
    LOCKSTEP_RETURN_IF_ERROR(ReadMember(database, run, subjects[SubjectOf(id)], &member, fleet));
  }
  return absl::OkStatus();
}

}  // namespace lockstep::coordinator
