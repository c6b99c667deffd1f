# What `translate` does to a payload in which nothing is wrong: the same members, no check.
def v1_name: if . == "viber_service_msg" then "viber_service" else . end;

def body: if type == "object" and has("parameters")
  then .parameters |= map(if type == "object" then .default else . end)
  else . end;

def request:
  .to.type as $channel | .message.content.type as $kind
  | {
      to: (.to.number // .to.id),
      from: (.from.number // .from.id),
      channel: ($channel | v1_name),
      message_type: $kind,
      ($kind // "text"): (.message.content[$kind // "text"] | body)
    }
  + if .message[$channel] then {($channel | v1_name): .message[$channel]} else {} end
  + if has("client_ref") then {client_ref} else {} end;

{messages: [.workflow[] | request], failover: [.workflow[].failover]}
