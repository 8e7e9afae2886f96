package ini_test
import ("testing";"os";"strings";"time")
func TestCrash(t *testing.T){
 generations(t, func(t *testing.T, o *oracle){
  defer func(){ b,_:=os.ReadFile(o.process.LogPath); s:=strings.ReplaceAll(string(b), strings.Repeat("y",100),"Y"); t.Log(s[max(0,len(s)-1500):]); b,_=os.ReadFile(o.folder+"output.log"); t.Log("OUT", string(b)[max(0,len(b)-600):]); t.Log(o.process.Alive())}()
  text:= "[pgbouncer]\nlogfile="+o.process.LogPath+"\n[databases]\nd1 = user="+strings.Repeat("y",128)+"\n"
  for i:=0;i<3;i++{ t.Log(i, o.load(t,text,nil)); time.Sleep(100*time.Millisecond); for _,r := range o.ask(t,"SHOW DATABASES"){ t.Log(r["name"], len(r["force_user"]))} }
  text= "[pgbouncer]\nlogfile="+o.process.LogPath+"\n[users]\n"+strings.Repeat("z",128)+" =\n"
  for i:=0;i<3;i++{ t.Log(i, o.load(t,text,nil)); time.Sleep(100*time.Millisecond); for _,r := range o.ask(t,"SHOW USERS"){ t.Log(len(r["name"]))} }
 })
}
