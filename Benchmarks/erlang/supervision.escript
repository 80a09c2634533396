#!/usr/bin/env escript
%%! +S 2:2 +P 2000000
%% The peer of SupervisionBench: OTP's supervisor with gen_server children, started, crashed and called.
%% usage: supervision.escript CHILDREN RESTARTS CALLS; prints key=value pairs.
-mode(compile).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2]).

main([Children, Restarts, Calls]) ->
    logger:set_primary_config(level, none),
    run(list_to_integer(Children), list_to_integer(Restarts), list_to_integer(Calls)).

run(Children, Restarts, Calls) ->
    Started = counters:new(1, [write_concurrency]),
    persistent_term:put(started, Started),
    {ok, Supervisor} = supervisor:start_link(?MODULE, supervisor),
    erlang:garbage_collect(Supervisor),
    Before = erlang:memory(total),
    {StartTime, _} = timer:tc(fun() ->
        [{ok, _} = supervisor:start_child(Supervisor, []) || _ <- lists:seq(1, Children)]
    end),
    erlang:garbage_collect(Supervisor),
    Memory = (erlang:memory(total) - Before) / Children,
    RestartTime = crash(Supervisor, Started, Restarts, 0),
    [{_, Child, _, _} | _] = supervisor:which_children(Supervisor),
    {CallTime, _} = timer:tc(fun() -> [pong = gen_server:call(Child, ping) || _ <- lists:seq(1, Calls)] end),
    io:format("start=~w restart=~w memory=~w call=~w~n", [
        Children * 1.0e6 / StartTime, Restarts * 1.0e6 / RestartTime, Memory, CallTime * 1000 / Calls]).

%% Crashes rounds of at most all children, each until all of it is up again. Microseconds; finding the children again
%% is not counted.
crash(_, _, 0, Time) -> Time;
crash(Supervisor, Started, Left, Time) ->
    Pids = [Pid || {_, Pid, _, _} <- lists:sublist(supervisor:which_children(Supervisor), Left)],
    Goal = counters:get(Started, 1) + length(Pids),
    {Spent, _} = timer:tc(fun() ->
        [gen_server:cast(Pid, crash) || Pid <- Pids],
        await(Started, Goal)
    end),
    crash(Supervisor, Started, Left - length(Pids), Time + Spent).

await(Started, Goal) ->
    case counters:get(Started, 1) >= Goal of
        true -> ok;
        false -> erlang:yield(), await(Started, Goal)
    end.

start_link(worker) -> gen_server:start_link(?MODULE, worker, []).

init(supervisor) ->
    {ok, {
        #{strategy => simple_one_for_one, intensity => 1000000, period => 1},
        [#{id => child, start => {?MODULE, start_link, [worker]}, restart => permanent}]}};
init(worker) ->
    counters:add(persistent_term:get(started), 1, 1),
    {ok, nothing}.

handle_call(ping, _, State) -> {reply, pong, State}.
handle_cast(crash, State) -> {stop, crash, State}.
